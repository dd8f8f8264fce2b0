/**
 * In charge of the plain case of `/sql`, past the framework and so also in the workers: a body of announced length. What is
 * unusual goes the framework's way; the two share everything but the reading and sending.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Departure } from "../base/departure.ts";
import { isOwnFault } from "../base/error-codes.ts";
import { describeNeonError } from "../query/neon/describe-neon-error.ts";
import { readNeonRequest } from "../query/neon/neon-request.ts";
import { authenticateNeon } from "./authenticate-neon.ts";
import type { DirectOptions } from "./direct-answer.ts";
import { clientGoneStatus, directHeaders, sendDirectly } from "./direct-response.ts";
import { claimFor } from "./hold-answer.ts";
import { tooManyRequests } from "./limit-clients.ts";
import { corsHeadersFor } from "./origin-rules.ts";
import { gatewayHeader, peerAddressOf } from "./peer-address.ts";
import { bodyTooLarge, parseJson } from "./read-body.ts";
import { echoedHeaders, readNeonModes } from "./read-neon-headers.ts";
import type { RequestHost } from "./request-host.ts";
import { requestIdOf } from "./request-id.ts";
import { publicError } from "./send-error.ts";
import type { QueryPrincipal } from "./services/query-services.ts";

const path = /^(?:\/v1\/db\/(db-[0-9a-f]{12}))?\/sql$/;

/** Is this a plain one? */
export function isPlainNeon({ method, url = "", headers }: IncomingMessage, bodyLimit: number): boolean {
  return (
    method === "POST" &&
    path.test(url) &&
    Number(headers["content-length"]) <= bodyLimit &&
    headers["server-timing"] === undefined &&
    headers[gatewayHeader] === undefined &&
    headers.expect === undefined
  );
}

/** The database that the path or the host names. */
export const placeOfNeon = ({ url, headers }: IncomingMessage, host: RequestHost): string | undefined =>
  path.exec(url!)![1] ?? host.databaseIdOf(headers.host);

export async function answerNeonDirectly(
  request: IncomingMessage,
  response: ServerResponse,
  options: DirectOptions,
): Promise<void> {
  const startedAtMs = performance.now();
  const { services, host, clientBodyLimit, origins, limitClients, hold, observe } = options;
  const { headers } = request;
  const id = requestIdOf(request);
  const departure = new Departure();
  const cors = corsHeadersFor(headers.origin ?? "", origins);
  const placeId = placeOfNeon(request, host);
  let principal: QueryPrincipal | undefined;
  let code: string | undefined;
  response.once("close", () => {
    const isAnswered = response.writableFinished;
    if (!isAnswered) departure.depart();
    const shown = isAnswered ? code : "Y1017";
    observe({
      type: "request",
      requestId: id,
      method: "POST",
      route: placeId === undefined ? "/sql" : "/v1/db/:id/sql",
      status: isAnswered ? response.statusCode : clientGoneStatus,
      durationMs: performance.now() - startedAtMs,
      ...(principal && { databaseId: principal.databaseId }),
      ...(shown !== undefined && { code: shown }),
    });
  });
  try {
    principal = await authenticateNeon(services.access, request, placeId);
    if (principal.kind === "client") {
      const seconds = limitClients(principal, peerAddressOf(request));
      if (seconds > 0) throw tooManyRequests(seconds);
      if (Number(headers["content-length"]) > clientBodyLimit) throw bodyTooLarge();
    }
    const input = readNeonRequest(parseJson(await readBody(request)), readNeonModes(headers));
    const answer = await services.query.neon(principal, input, {
      rowsAsArrays: false,
      requestId: id,
      signal: departure,
      claim: claimFor(response, hold, principal.databaseId),
    });
    const others = input.isBatch ? [...cors, ...echoedHeaders(headers)] : cors;
    sendDirectly(response, directHeaders(id, answer.byteLength, others), answer, hold);
  } catch (thrown) {
    const error = publicError(thrown);
    code = error.code;
    if (isOwnFault(code)) observe({ type: "fault", where: "POST /sql", error: thrown });
    const { status, body } = describeNeonError(error, principal?.kind !== "client");
    const bytes = Buffer.from(JSON.stringify({ ...body, request_id: id }));
    const others = status === 503 || status === 429 ? [...cors, "retry-after", "1"] : cors;
    // What is left of the body is read away: a client that still sends would not see the answer otherwise.
    request.resume();
    response.writeHead(status, directHeaders(id, bytes.length, others)).end(bytes);
  }
}

/** Node holds the body to its announced length; a sender that breaks off has gone, and nobody reads the error. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once("error", reject);
  });
}
