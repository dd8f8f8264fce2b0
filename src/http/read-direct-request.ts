/** In charge of telling from a request's head whether it is of the plain kind that is answered past the framework. */
import type { IncomingMessage } from "node:http";
import { hashSecret } from "../base/secrets.ts";
import { gatewayHeader } from "./peer-address.ts";
import type { RequestHost } from "./request-host.ts";
import { givenRequestId, newRequestId } from "./request-id.ts";
import { wantsLines } from "./stream-answer.ts";

export type DirectAction = "query" | "execute" | "transaction";

/** What the heads of many requests on a connection have in common. */
export interface DirectHead {
  databaseId: string;
  action: DirectAction;
  /** A database's own token, or a user's JWT; undefined: nobody in particular asks. */
  token: string | undefined;
  /** Of the database's own, once it was needed. */
  tokenDigest: Buffer | undefined;
  isUser: boolean;
  /** The page that asks, where a browser says so. */
  origin: string | undefined;
  rowsAsArrays: boolean;
  /** Rows are to leave as they come. */
  streams: boolean;
  /** Of the body, bytes. */
  length: number;
  /** The caller's own; undefined: each request gets one. */
  givenId: string | undefined;
}

/** A request of the plain kind. */
export interface DirectRequest {
  id: string;
  databaseId: string;
  action: DirectAction;
  head: DirectHead;
  startedAtMs: number;
}

/** Of a head with a database's own token. */
export function tokenDigestOf(head: DirectHead): Buffer {
  head.tokenDigest ??= hashSecret(head.token!);
  return head.tokenDigest;
}

export const directRequest = (head: DirectHead): DirectRequest => ({
  id: head.givenId ?? newRequestId(),
  databaseId: head.databaseId,
  action: head.action,
  head,
  startedAtMs: performance.now(),
});

const path = /^\/v1\/db\/(db-[0-9a-f]{12})\/(query|execute|transaction)(?:\?rows=(array|object))?$/;
const ownPath = /^\/(query|execute|transaction)(?:\?rows=(array|object))?$/;
const jsonType = /^application\/json(?:; ?charset=utf-8)?$/i;
const bearer = /^Bearer (?:([0-9a-f]{64})|([\w-]+\.[\w-]+\.[\w-]+))$/;

/** Undefined: something about it is unusual. */
export function readDirectHead(
  request: Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders">,
  { host, bodyLimit }: { host: RequestHost; bodyLimit: number },
): DirectHead | undefined {
  const { headers, url = "" } = request;
  if (request.method !== "POST" || isMarked(headers)) return undefined;
  const { authorization } = headers;
  const credentials = authorization === undefined ? undefined : bearer.exec(authorization);
  const length = Number(headers["content-length"]);
  const plain =
    credentials !== null &&
    jsonType.test(headers["content-type"] ?? "") &&
    length >= 0 &&
    length <= bodyLimit;
  if (!plain || (credentials && !hasOneAuthorization(request.rawHeaders))) return undefined;
  const hostId = host.databaseIdOf(headers.host);
  const named = path.exec(url);
  const [databaseId, action, rows] = named
    ? named.slice(1)
    : [hostId, ...(ownPath.exec(url)?.slice(1) ?? [])];
  if (databaseId === undefined || action === undefined) return undefined;
  return {
    databaseId,
    token: credentials?.[1] ?? credentials?.[2],
    tokenDigest: undefined,
    isUser: credentials?.[1] === undefined,
    origin: headers.origin,
    action: action as DirectAction,
    rowsAsArrays: rows === "array",
    streams: action === "query" && wantsLines(headers.accept),
    length,
    givenId: givenRequestId(headers),
  };
}

/** A wish for timings, for a word before the body is sent, or one that a gateway has forwarded. */
const isMarked = (headers: IncomingMessage["headers"]): boolean =>
  headers["server-timing"] !== undefined ||
  headers.expect !== undefined ||
  headers[gatewayHeader] !== undefined;

/** Node keeps the first of several; what to make of that is the framework way's to say. */
function hasOneAuthorization(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.length === 13 && rawHeaders[at]!.toLowerCase() === "authorization") count += 1;
  }
  return count === 1;
}
