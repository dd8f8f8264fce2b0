/**
 * In charge of the plain case of SQL over HTTP, past the framework: a well-formed request with a database's token, a
 * user's JWT or no credentials at all, and a JSON body of known length. It costs half of what the framework's way costs.
 * Whatever is unusual (odd credentials, another content type, no length, too large a body, a wish for timings) goes the
 * framework's way, which has every rule; the two share the checks, the operations and the bodies of errors.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { QueryRequest } from "@postern/sdk/protocol";
import type { ClientPrincipal, DatabasePrincipal } from "../access/principal.ts";
import { Departure } from "../base/departure.ts";
import type { PosternError } from "../base/error.ts";
import { httpStatusOf, isOwnFault } from "../base/error-codes.ts";
import type { Observe } from "../base/observation.ts";
import { answerNeonDirectly, isPlainNeon } from "./direct-neon.ts";
import { clientGoneStatus, directHeaders, sendDirectly, streamHeaders } from "./direct-response.ts";
import { type AnswerHold, claimFor } from "./hold-answer.ts";
import { isPlainStatement } from "./is-plain-statement.ts";
import { type ClientLimiter, tooManyRequests } from "./limit-clients.ts";
import { corsHeadersFor, type OriginRules } from "./origin-rules.ts";
import { peerAddressOf } from "./peer-address.ts";
import { bodyTooLarge, parseJson } from "./read-body.ts";
import { type DirectRequest, readDirectRequest } from "./read-direct-request.ts";
import type { RequestHost } from "./request-host.ts";
import { queryRequest, transactionRequest } from "./schemas/query.ts";
import { publicError } from "./send-error.ts";
import type { DataPlaneAccess } from "./services/access-services.ts";
import type { EncodedAnswer, QueryOptions, QueryService } from "./services/query-services.ts";
import { ResponseSink } from "./stream-answer.ts";
import { validatorCompiler } from "./validate-request.ts";

export interface DirectOptions {
  services: {
    access: DataPlaneAccess;
    query: QueryService;
  };
  host: RequestHost;
  bodyLimit: number;
  /** For callers without a token of the database's own. */
  clientBodyLimit: number;
  origins: OriginRules;
  limitClients: ClientLimiter;
  hold: AnswerHold;
  observe: Observe;
}

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
    const direct = server.listening ? readDirectRequest(request, options) : undefined;
    if (direct) new DirectAnswer(request, response, direct, options).start();
    else if (server.listening && isPlainNeon(request, options.bodyLimit))
      void answerNeonDirectly(request, response, options);
    else for (const other of others) other.call(server, request, response);
  });
}

/** One request on the direct way, and the signal that its client has gone. */
class DirectAnswer extends Departure {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #direct: DirectRequest;
  readonly #options: DirectOptions;
  #principal: DatabasePrincipal | ClientPrincipal | undefined;
  #corsHeaders: string[] | undefined;
  #code: string | undefined;
  #retryAfterSeconds = 0;
  #chunks: Buffer[] | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    direct: DirectRequest,
    options: DirectOptions,
  ) {
    super();
    this.#request = request;
    this.#response = response;
    this.#direct = direct;
    this.#options = options;
  }

  start(): void {
    this.#response.once("close", () => this.#onClose());
    const { databaseId, token, isUser, origin } = this.#direct;
    const { access } = this.#options.services;
    try {
      const principal = isUser || origin ? undefined : access.authenticateAtOnce(databaseId, token!);
      if (principal) this.#readBody(principal);
      else
        this.#authenticate()
          .then((found) => this.#readBody(found))
          .catch((error) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #authenticate(): Promise<DatabasePrincipal | ClientPrincipal> {
    const { databaseId, token, isUser, origin } = this.#direct;
    const { services, origins } = this.#options;
    // First, so that a page can read a refusal too.
    if (origin !== undefined && (await services.access.isOpenToClients(databaseId)))
      this.#corsHeaders = corsHeadersFor(origin, origins);
    return isUser
      ? services.access.authenticateClient(databaseId, token)
      : services.access.authenticateDatabase(databaseId, token!);
  }

  /** Of an application's user, a tenant and nobody in particular: not too often, and not too much. @throws Y1018 Y1004 */
  #checkClient(principal: ClientPrincipal): void {
    const { clientBodyLimit, limitClients } = this.#options;
    this.#retryAfterSeconds = limitClients(principal, peerAddressOf(this.#request));
    if (this.#retryAfterSeconds > 0) throw tooManyRequests(this.#retryAfterSeconds);
    if (this.#direct.length > clientBodyLimit) throw bodyTooLarge();
  }

  /** Node has held the body to its announced length; a sender that breaks off has gone, and nobody reads the error. */
  #readBody(principal: DatabasePrincipal | ClientPrincipal): void {
    if (principal.kind === "client") this.#checkClient(principal);
    this.#principal = principal;
    this.#request.on("data", (chunk: Buffer) => {
      if (this.#chunks) this.#chunks.push(chunk);
      else this.#chunks = [chunk];
    });
    this.#request.on("end", () => this.#run());
    this.#request.on("error", (error) => this.#fail(error));
  }

  #run(): void {
    const { action, rowsAsArrays } = this.#direct;
    const chunks = this.#chunks ?? [];
    try {
      const body = parseJson(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      const checked = isPlainStatement(body, action) ? { value: body as never } : checks[action](body);
      if (checked.error) throw checked.error;
      const callerAddress = this.#direct.isUser ? peerAddressOf(this.#request) : undefined;
      const options = { rowsAsArrays, signal: this, callerAddress, requestId: this.#direct.id };
      if (this.#direct.streams) {
        this.#stream(checked.value, options);
        return;
      }
      const { hold, services } = this.#options;
      const claim = claimFor(this.#response, hold, this.#direct.databaseId);
      const run = services.query[action] as Run;
      run(this.#principal!, checked.value, { ...options, claim }).then(
        (answer) => this.#send(answer),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(answer: EncodedAnswer): void {
    const headers = directHeaders(this.#direct.id, answer.byteLength, this.#corsHeaders);
    sendDirectly(this.#response, headers, answer, this.#options.hold);
  }

  #stream(input: QueryRequest, options: QueryOptions): void {
    const sink = new ResponseSink(this.#response, () => streamHeaders(this.#direct.id, this.#corsHeaders));
    this.#options.services.query.stream(this.#principal!, input, sink, options).then(
      () => sink.end(),
      (error) => {
        if (sink.isStarted) sink.end(this.#note(error));
        else this.#fail(error);
      },
    );
  }

  /** What may be shown of it; what nobody expected is reported. */
  #note(thrown: unknown): PosternError {
    const error = publicError(thrown);
    this.#code = error.code;
    if (isOwnFault(error.code))
      this.#options.observe({
        type: "fault",
        where: `POST ${routes[this.#direct.action]}`,
        error: thrown,
      });
    return error;
  }

  #fail(thrown: unknown): void {
    const { id } = this.#direct;
    const error = this.#note(thrown);
    const body = Buffer.from(JSON.stringify({ ...error.toBody(), request_id: id }));
    const status = httpStatusOf(error.code);
    const headers = directHeaders(id, body.length, this.#corsHeaders);
    if (status === 401) headers.push("www-authenticate", "Bearer");
    if (status === 503 || status === 429) headers.push("retry-after", String(this.#retryAfterSeconds || 1));
    // What is left of the body is read away: a client that still sends would not see the answer otherwise.
    this.#request.resume();
    this.#response.writeHead(status, headers).end(body);
  }

  #onClose(): void {
    const response = this.#response;
    const isAnswered = response.writableFinished;
    if (!isAnswered) this.depart();
    const { id, action, startedAtMs } = this.#direct;
    const code = isAnswered ? this.#code : "Y1017";
    this.#options.observe({
      type: "request",
      requestId: id,
      method: "POST",
      route: routes[action],
      status: isAnswered ? response.statusCode : clientGoneStatus,
      durationMs: performance.now() - startedAtMs,
      ...(this.#principal && { databaseId: this.#principal.databaseId }),
      ...(code !== undefined && { code }),
    });
  }
}

const routes = {
  query: "/v1/db/:id/query",
  execute: "/v1/db/:id/execute",
  transaction: "/v1/db/:id/transaction",
};

type Run = (
  principal: DatabasePrincipal | ClientPrincipal,
  input: never,
  options: QueryOptions,
) => Promise<EncodedAnswer>;
