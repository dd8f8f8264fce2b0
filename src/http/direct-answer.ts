/** In charge of answering one plain request of the data plane: who asks, what is asked, and what has become of it. */
import type { QueryRequest } from "@postern/sdk/protocol";
import type { ClientPrincipal, DatabasePrincipal } from "../access/principal.ts";
import { Departure } from "../base/departure.ts";
import type { PosternError } from "../base/error.ts";
import { httpStatusOf, isOwnFault } from "../base/error-codes.ts";
import type { Observe } from "../base/observation.ts";
import type { DirectExchange } from "./direct-exchange.ts";
import { clientGoneStatus, directHeaders, streamHeaders } from "./direct-response.ts";
import type { AnswerHold } from "./hold-answer.ts";
import { isPlainStatement } from "./is-plain-statement.ts";
import { type ClientLimiter, tooManyRequests } from "./limit-clients.ts";
import { corsHeadersFor, type OriginRules } from "./origin-rules.ts";
import { bodyTooLarge, parseJson } from "./read-body.ts";
import { type DirectRequest, tokenDigestOf } from "./read-direct-request.ts";
import type { RequestHost } from "./request-host.ts";
import { queryRequest, transactionRequest } from "./schemas/query.ts";
import { publicError } from "./send-error.ts";
import type { DataPlaneAccess } from "./services/access-services.ts";
import type { EncodedAnswer, QueryOptions, QueryService } from "./services/query-services.ts";
import { validatorCompiler } from "./validate-request.ts";
import type { Whereabouts } from "./whereabouts.ts";

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
  /** Where databases are, for a process that answers only some; absent: all are here. */
  whereabouts?: Whereabouts | undefined;
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

/** One request on the direct way, and the signal that its client has gone. */
export class DirectAnswer extends Departure {
  readonly #exchange: DirectExchange;
  readonly #direct: DirectRequest;
  readonly #options: DirectOptions;
  #principal: DatabasePrincipal | ClientPrincipal | undefined;
  #corsHeaders: string[] | undefined;
  #code: string | undefined;
  #retryAfterSeconds = 0;

  constructor(exchange: DirectExchange, direct: DirectRequest, options: DirectOptions) {
    super();
    this.#exchange = exchange;
    this.#direct = direct;
    this.#options = options;
  }

  start(): void {
    this.#exchange.onEnd((status) => this.#onEnd(status));
    const { databaseId, head } = this.#direct;
    const { access } = this.#options.services;
    try {
      const principal =
        head.isUser || head.origin ? undefined : access.authenticateAtOnce(databaseId, tokenDigestOf(head));
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
    const { databaseId, head } = this.#direct;
    const { token, isUser, origin } = head;
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
    this.#retryAfterSeconds = limitClients(principal, this.#exchange.peerAddress);
    if (this.#retryAfterSeconds > 0) throw tooManyRequests(this.#retryAfterSeconds);
    if (this.#direct.head.length > clientBodyLimit) throw bodyTooLarge();
  }

  #readBody(principal: DatabasePrincipal | ClientPrincipal): void {
    if (principal.kind === "client") this.#checkClient(principal);
    this.#principal = principal;
    this.#exchange.readBody(
      (body) => this.#run(body),
      (error) => this.#fail(error),
    );
  }

  #run(bytes: Buffer): void {
    const { action, databaseId, head, id: requestId } = this.#direct;
    const { isUser, rowsAsArrays } = head;
    try {
      const body = parseJson(bytes);
      const checked = isPlainStatement(body, action) ? { value: body as never } : checks[action](body);
      if (checked.error) throw checked.error;
      const callerAddress = isUser ? this.#exchange.peerAddress : undefined;
      const options = { rowsAsArrays, signal: this, callerAddress, requestId };
      if (head.streams) {
        this.#stream(checked.value, options);
        return;
      }
      const claim = this.#exchange.claim(databaseId);
      const run = this.#options.services.query[action] as Run;
      run(this.#principal!, checked.value, { ...options, claim }).then(
        (answer) => this.#send(answer),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(answer: EncodedAnswer): void {
    this.#exchange.send(directHeaders(this.#direct.id, answer.byteLength, this.#corsHeaders), answer);
  }

  #stream(input: QueryRequest, options: QueryOptions): void {
    const sink = this.#exchange.openSink!(() => streamHeaders(this.#direct.id, this.#corsHeaders));
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
    this.#exchange.refuse(status, headers, body);
  }

  #onEnd(status: number): void {
    const hasGone = status === clientGoneStatus;
    if (hasGone) this.depart();
    const { id, action, startedAtMs } = this.#direct;
    const code = hasGone ? "Y1017" : this.#code;
    this.#options.observe({
      type: "request",
      requestId: id,
      method: "POST",
      route: routes[action],
      status,
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
