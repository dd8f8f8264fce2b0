/**
 * In charge of the plain case of SQL over HTTP, past the framework: a well-formed request with a token and a JSON body of
 * known length. It costs half of what the framework's way costs. Whatever is unusual (no or odd credentials, another
 * content type, no length, too large a body, a wish for timings) goes the framework's way, which has every rule; the two
 * share the checks, the operations and the bodies of errors.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { DatabasePrincipal } from "../access/principal.ts";
import { Departure } from "../base/departure.ts";
import { httpStatusOf } from "../base/error-codes.ts";
import type { Observe } from "../base/observation.ts";
import { standingHeaders } from "./follow-request.ts";
import { parseJson } from "./read-body.ts";
import type { RequestHost } from "./request-host.ts";
import { requestIdOf } from "./request-id.ts";
import { queryRequest, transactionRequest } from "./schemas/query.ts";
import { publicError } from "./send-error.ts";
import type { EncodedAnswer, HttpServices, QueryOptions } from "./services.ts";
import { validatorCompiler } from "./validate-request.ts";

export interface DirectOptions {
  services: Pick<HttpServices, "access" | "query">;
  host: RequestHost;
  bodyLimit: number;
  observe: Observe;
}

type Action = "query" | "execute" | "transaction";

interface DirectRequest {
  id: string;
  databaseId: string;
  token: string;
  action: Action;
  rowsAsArrays: boolean;
  length: number;
  startedAtMs: number;
}

const path = /^\/v1\/db\/(db-[0-9a-f]{12})\/(query|execute|transaction)(?:\?rows=(array|object))?$/;
const ownPath = /^\/(query|execute|transaction)(?:\?rows=(array|object))?$/;
const jsonType = /^application\/json(?:; ?charset=utf-8)?$/i;
const bearer = /^Bearer ([0-9a-f]{64})$/;

const check = (schema: typeof queryRequest | typeof transactionRequest) =>
  validatorCompiler({ schema, method: "POST", url: "", httpPart: "body" }) as (
    body: unknown,
  ) => { value: never; error?: undefined } | { error: Error };
const checks = {
  query: check(queryRequest),
  execute: check(queryRequest),
  transaction: check(transactionRequest),
};

/** Puts the direct way in front of whatever answers the server's requests now. */
export function answerDirectly(server: Server, options: DirectOptions): void {
  const others = server.listeners("request") as ((
    request: IncomingMessage,
    response: ServerResponse,
  ) => void)[];
  server.removeAllListeners("request");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    // A server that is closing tells its clients so, which the framework knows how to.
    const direct = server.listening ? readHead(request, options) : undefined;
    if (direct) void answer(request, response, direct, options);
    else for (const other of others) other.call(server, request, response);
  });
}

function readHead(request: IncomingMessage, { host, bodyLimit }: DirectOptions): DirectRequest | undefined {
  const { headers, url = "" } = request;
  if (request.method !== "POST" || headers["server-timing"] !== undefined || headers.expect !== undefined)
    return undefined;
  const token = bearer.exec(headers.authorization ?? "")?.[1];
  const length = Number(headers["content-length"]);
  const plain =
    token !== undefined && jsonType.test(headers["content-type"] ?? "") && length >= 0 && length <= bodyLimit;
  if (!plain || !hasOneAuthorization(request.rawHeaders)) return undefined;
  const hostId = host.databaseIdOf(headers.host);
  const named = path.exec(url);
  const [databaseId, action, rows] = named
    ? named.slice(1)
    : [hostId, ...(ownPath.exec(url)?.slice(1) ?? [])];
  if (databaseId === undefined || action === undefined) return undefined;
  return {
    id: requestIdOf(request),
    databaseId,
    token,
    action: action as Action,
    rowsAsArrays: rows === "array",
    length,
    startedAtMs: performance.now(),
  };
}

/** Node keeps the first of several; what to make of that is the framework way's to say. */
function hasOneAuthorization(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.length === 13 && rawHeaders[at]!.toLowerCase() === "authorization") count += 1;
  }
  return count === 1;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  direct: DirectRequest,
  options: DirectOptions,
): Promise<void> {
  const departure = new Departure();
  const outcome: { code?: string; databaseId?: string } = {};
  response.once("close", () => {
    const answered = response.writableFinished;
    if (!answered) departure.depart();
    tell(direct, outcome, answered ? response.statusCode : undefined, options.observe);
  });
  try {
    const principal = await options.services.access.authenticateDatabase(direct.databaseId, direct.token);
    outcome.databaseId = principal.databaseId;
    const body = parseJson(await readBody(request, direct.length));
    const checked = isPlainStatement(body, direct.action)
      ? { value: body as never }
      : checks[direct.action](body);
    if (checked.error) throw checked.error;
    const run = options.services.query[direct.action] as Run;
    send(
      response,
      direct,
      await run(principal, checked.value, { rowsAsArrays: direct.rowsAsArrays, signal: departure }),
    );
  } catch (thrown) {
    outcome.code = sendError(request, response, direct, thrown, options.observe);
  }
}

/** What nearly every body is, told at a glance; the schema has the word on everything else, and on what is wrong. */
function isPlainStatement(body: unknown, action: Action): boolean {
  if (action === "transaction" || typeof body !== "object" || body === null) return false;
  const { sql, params, ...others } = body as { sql?: unknown; params?: unknown };
  if (typeof sql !== "string" || (params !== undefined && !Array.isArray(params))) return false;
  for (const _ in others) return false;
  return true;
}

type Run = (principal: DatabasePrincipal, input: never, options: QueryOptions) => Promise<EncodedAnswer>;

/** Node has held the body to its announced length; a sender that breaks off has gone, and nobody reads the error. */
function readBody(request: IncomingMessage, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    request.once("error", reject);
  });
}

const smallBytes = 16 * 1024;

function send(response: ServerResponse, { id }: DirectRequest, { chunks, byteLength }: EncodedAnswer): void {
  response.writeHead(200, headersOf(id, byteLength));
  // A small answer as text goes out in one piece with its head, which saves the system a gathering write.
  if (chunks.length === 1 && byteLength < smallBytes)
    return void response.end(chunks[0]!.toString("latin1"), "latin1");
  const last = chunks.length - 1;
  for (let index = 0; index < last; index += 1) response.write(chunks[index]);
  response.end(chunks[last]);
}

/** Returns the code. */
function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  { id, action }: DirectRequest,
  thrown: unknown,
  observe: Observe,
): string {
  const error = publicError(thrown);
  if (error.code.startsWith("Y9"))
    observe({ type: "fault", where: `POST /v1/db/:id/${action}`, error: thrown });
  const body = Buffer.from(JSON.stringify({ ...error.toBody(), request_id: id }));
  const status = httpStatusOf(error.code);
  const headers = headersOf(id, body.length);
  if (status === 401) headers.push("www-authenticate", "Bearer");
  if (status === 503) headers.push("retry-after", "1");
  // What is left of the body is read away: a client that still sends would not see the answer otherwise.
  request.resume();
  response.writeHead(status, headers).end(body);
  return error.code;
}

const standing = Object.entries(standingHeaders).flat();

const headersOf = (id: string, length: number): string[] => [
  ...standing,
  "x-request-id",
  id,
  "content-type",
  "application/json; charset=utf-8",
  "content-length",
  String(length),
];

const clientGoneStatus = 499;

function tell(
  { id, action, startedAtMs }: DirectRequest,
  outcome: { code?: string; databaseId?: string },
  status: number | undefined,
  observe: Observe,
): void {
  observe({
    type: "request",
    requestId: id,
    method: "POST",
    route: `/v1/db/:id/${action}`,
    status: status ?? clientGoneStatus,
    durationMs: performance.now() - startedAtMs,
    ...(status === undefined ? { code: "Y1017" } : {}),
    ...outcome,
  });
}
