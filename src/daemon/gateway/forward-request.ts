/**
 * In charge of handing a request on to a control plane, and its answer back. Where one is down the next is tried, but only
 * with what has not been sent yet, or can be sent twice without harm.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { posternError } from "../../base/error.ts";
import {
  describePeer,
  gatewayDoorsHeader,
  gatewayHeader,
  gatewayPeerHeader,
  peerHeader,
} from "../../http/peer-address.ts";
import { leftOut, passAnswer, passedOn } from "../pass-on.ts";
import type { ControlEndpoint } from "./control-endpoint.ts";

export interface ForwardOptions {
  endpoints(): ControlEndpoint[];
  token: string;
  /** What `gatewayDoorsHeader` says. */
  doors(): string;
}

/** Of what comes from outside and of what is passed on. */
export const dropped = leftOut(peerHeader, gatewayHeader, gatewayPeerHeader, gatewayDoorsHeader);

const connectWithinMs = 3_000;

/** A database's own token says who asks, wherever from: the control plane's workers answer SQL with it as any other. */
const ownToken = /^Bearer [0-9a-f]{64}$/;
const sql = /^(?:\/v1\/db\/[^/]+)?\/(?:query|execute|transaction|sql)(?:\?|$)/;

export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { endpoints, token, doors }: ForwardOptions,
): void {
  const chunked = request.headers["transfer-encoding"] !== undefined;
  const hasBody = chunked || request.headers["content-length"] !== undefined;
  const isHarmless = ["GET", "HEAD", "OPTIONS"].includes(request.method ?? "") && !hasBody;
  const queue = endpoints();
  let onward: ClientRequest | undefined;
  response.on("close", () => {
    if (!response.writableFinished) onward?.destroy();
  });
  const attempt = (): void => {
    const endpoint = queue.shift();
    if (!endpoint || response.closed) {
      refuse(response);
      return;
    }
    let isSent = false;
    onward = endpoint.request({
      method: request.method,
      path: request.url,
      headers: forwardedHeaders(request, { token, doors }, chunked),
      setHost: false,
    });
    onward.on("response", (answer) => {
      passAnswer(answer, response, dropped);
    });
    onward.on("error", () => {
      if (response.headersSent) response.destroy();
      else if (!isSent || isHarmless) attempt();
      else refuse(response, true);
    });
    whenConnected(onward, () => {
      isSent = true;
      if (hasBody) request.pipe(onward!);
      else onward!.end();
    });
  };
  attempt();
}

/** Nothing is taken out of the body before there is a connection to put it into. */
function whenConnected(onward: ClientRequest, go: () => void): void {
  const timer = setTimeout(() => onward.destroy(new Error("no connection in time")), connectWithinMs);
  onward.once("close", () => clearTimeout(timer));
  onward.once("socket", (socket: Socket & { secureConnecting?: boolean }) => {
    const ready = () => {
      clearTimeout(timer);
      go();
    };
    if (socket.secureConnecting) socket.once("secureConnect", ready);
    else if (socket.connecting) socket.once("encrypted" in socket ? "secureConnect" : "connect", ready);
    else ready();
  });
}

function forwardedHeaders(
  request: IncomingMessage,
  { token, doors }: Pick<ForwardOptions, "token" | "doors">,
  chunked: boolean,
): string[] {
  const headers = passedOn(request.rawHeaders, dropped);
  if (chunked) headers.push("transfer-encoding", "chunked");
  if (!sql.test(request.url ?? "") || !ownToken.test(request.headers.authorization ?? ""))
    headers.push(gatewayHeader, token, gatewayPeerHeader, describePeer(request), gatewayDoorsHeader, doors());
  return headers;
}

/** @param wasSent it may have been carried out: nobody knows */
function refuse(response: ServerResponse, wasSent = false): void {
  if (response.headersSent || response.closed) {
    response.destroy();
    return;
  }
  const error = posternError("Y8051", "This gateway has no control plane to ask at the moment.", {
    ...(wasSent && { detail: "The connection ended behind the request: it may have been carried out." }),
    hint: wasSent ? "Look before you ask again, or send an Idempotency-Key." : "Try again in a moment.",
  });
  const body = JSON.stringify(error.toBody());
  response.writeHead(503, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "retry-after": "1",
  });
  response.end(body);
}
