/**
 * In charge of a gateway's tie to its control planes: one stream that says what may no longer be believed, and questions,
 * asked of the one whose stream it is. Without a stream nothing is asked: what would be answered could be out of date a
 * moment later, and nobody would say so.
 */
import { sleep } from "../../base/clock.ts";
import { asPosternError, hasCode, messageOf, type PosternError, posternError } from "../../base/error.ts";
import type { Observe } from "../../base/observation.ts";
import {
  type GatewayEvent,
  type GatewayQuestions,
  type GatewayReport,
  type GatewayRules,
  type GatewaySelf,
  parseAnswer,
} from "../gateways/gateway-messages.ts";
import type { ControlEndpoint } from "./control-endpoint.ts";
import { errorOf, followStream, hostOf, unreachable } from "./control-stream.ts";
import { readWhole } from "./read-whole.ts";

export interface ControlLinkOptions {
  /** In the order in which they are tried. */
  endpoints: readonly ControlEndpoint[];
  token: string;
  self: GatewaySelf;
  observe: Observe;
  /** The stream is there, anew: what was believed before is forgotten before anything is asked again. */
  onWelcome(rules: GatewayRules): Promise<void>;
  onOrder(order: Extract<GatewayEvent, { type: "order" }>): Promise<void>;
  /** A session here, or at another gateway, is to be canceled: see GatewayEvent. */
  onCancel(digest: string): Promise<void>;
}

interface Stream {
  endpoint: ControlEndpoint;
  isOpen: boolean;
  /** Its first word has come. */
  isWelcome: boolean;
}

const firstPauseMs = 100;
const longestPauseMs = 1_000;
/** A database that moves to another server is waited for so long, and a little more. */
const answerWithinMs = 30_000;
/** Of one that may be down, where another could be asked. */
const askAtWithinMs = 4_000;

export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #stopping = new AbortController();
  /** Whose stream there is. */
  #current: ControlEndpoint | undefined;
  #lastError: PosternError | undefined;
  #running: Promise<void> | undefined;
  #told = "";

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#current !== undefined;
  }

  /** For whoever forwards: the one that tells first, then the others. */
  endpoints(): ControlEndpoint[] {
    const others = this.#options.endpoints.filter((one) => one !== this.#current);
    return this.#current ? [this.#current, ...others] : others;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** @throws Y8050 Y8056 at once; Y8051 when none can be reached within `withinMs` */
  async ready(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!this.isUp) {
      if (hasCode(this.#lastError, "Y8050", "Y8056")) throw this.#lastError;
      if (performance.now() > deadline) throw this.#lastError ?? this.#without();
      await sleep(20);
    }
  }

  /** @throws Y8051 without a control plane, and what it answers */
  async ask<What extends keyof GatewayQuestions>(
    what: What,
    argument: string,
  ): Promise<Awaited<ReturnType<GatewayQuestions[What]>>> {
    const { value } = (await this.#post("/v1/gateway/ask", { what, argument })) as { value: never };
    return value;
  }

  /** Of one control plane, stream or not: what is used at once, and not remembered. @throws Y8051, and what it answers */
  async askAt<What extends keyof GatewayQuestions>(
    endpoint: ControlEndpoint,
    what: What,
    argument: string,
  ): Promise<Awaited<ReturnType<GatewayQuestions[What]>>> {
    const question = { what, argument };
    const { value } = (await this.#postTo(endpoint, "/v1/gateway/ask", question, askAtWithinMs)) as {
      value: never;
    };
    return value;
  }

  /** Has the gateway that leads this session cancel it. */
  async cancel(digest: string): Promise<void> {
    await this.#post("/v1/gateway/cancel", { digest });
  }

  async report(report: GatewayReport): Promise<void> {
    await this.#post("/v1/gateway/report", report);
  }

  async stop(): Promise<void> {
    if (this.isUp) await this.#post("/v1/gateway/leave", { id: this.#options.self.id }).catch(() => {});
    this.#stopping.abort();
    await this.#running;
    for (const endpoint of this.#options.endpoints) endpoint.close();
  }

  async #run(): Promise<void> {
    const { endpoints } = this.#options;
    const { signal } = this.#stopping;
    let pauseMs = firstPauseMs;
    for (let at = 0; !signal.aborted; at = (at + 1) % endpoints.length) {
      const end = await this.#follow(endpoints[at]!);
      if (end !== undefined) pauseMs = firstPauseMs;
      // The same one first: a control plane that starts anew is back soon. One that fell silent may be out of reach for long.
      if (end === "ended") at = at - 1 + endpoints.length;
      else if (end === undefined && at === endpoints.length - 1)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      if (!signal.aborted) await sleep(pauseMs, signal).catch(() => {});
    }
  }

  /** Undefined: there was no stream. */
  async #follow(endpoint: ControlEndpoint): Promise<"ended" | "silent" | undefined> {
    const { token, self } = this.#options;
    // What it has begun may come to its end when another stream is there already.
    const stream: Stream = { endpoint, isOpen: true, isWelcome: false };
    let end: "ended" | "silent" | undefined;
    try {
      let before = Promise.resolve();
      end = await followStream({
        endpoint,
        token,
        self,
        signal: this.#stopping.signal,
        onEvent: (event) => {
          if (event.type === "welcome") {
            stream.isWelcome = true;
            before = this.#welcome(stream, event.rules);
          } else if (event.type === "order") void before.then(() => this.#obey(endpoint, event));
          else if (event.type === "cancel") void this.#options.onCancel(event.digest).catch(() => {});
        },
      });
      const how = end === "silent" ? "nothing is heard of it" : "the connection has ended";
      if (stream.isWelcome) this.#tell("failed", `${endpoint.url}: ${how}`);
    } catch (thrown) {
      const error = asPosternError(thrown);
      this.#lastError = error;
      if (!this.#stopping.signal.aborted)
        this.#tell("failed", `${error.code} ${error.detail ?? `${endpoint.url}: ${error.message}`}`);
    }
    stream.isOpen = false;
    this.#current = undefined;
    return stream.isWelcome ? end : undefined;
  }

  async #welcome(stream: Stream, rules: GatewayRules): Promise<void> {
    try {
      await this.#options.onWelcome(rules);
      if (!stream.isOpen) return;
      this.#current = stream.endpoint;
      this.#lastError = undefined;
      this.#tell("ready", stream.endpoint.url);
    } catch (error) {
      this.#options.observe({ type: "fault", where: "the gateway's forgetting", error });
    }
  }

  async #obey(endpoint: ControlEndpoint, order: Extract<GatewayEvent, { type: "order" }>): Promise<void> {
    try {
      await this.#options.onOrder(order);
      const { id } = this.#options.self;
      await this.#postTo(endpoint, "/v1/gateway/done", { id, orders: [order.id] });
    } catch (error) {
      // It counts as not done, and the control plane cuts this gateway off.
      const detail = `${order.what}: ${messageOf(error)}`;
      this.#options.observe({ type: "service", service: "control", event: "failed", detail });
    }
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const endpoint = this.#current;
    if (!endpoint) throw this.#without();
    return this.#postTo(endpoint, path, body);
  }

  async #postTo(
    endpoint: ControlEndpoint,
    path: string,
    body: unknown,
    timeout = answerWithinMs,
  ): Promise<unknown> {
    const { token } = this.#options;
    const content = Buffer.from(JSON.stringify(body));
    const headers = {
      authorization: `Bearer ${token}`,
      host: hostOf(endpoint),
      "content-type": "application/json",
      "content-length": content.length,
    };
    const [status, text] = await new Promise<[number, string]>((resolve, reject) => {
      const request = endpoint.request({ method: "POST", path, headers, timeout });
      request.once("timeout", () => request.destroy(new Error("no answer in time")));
      request.once("error", (error) => reject(unreachable(endpoint, error)));
      request.once("response", (answer) => {
        readWhole(answer).then(
          (read) => resolve([answer.statusCode!, read]),
          (error) => reject(unreachable(endpoint, error)),
        );
      });
      request.end(content);
    });
    if (status >= 300) throw this.#understand(errorOf(text, status));
    return text === "" ? undefined : parseAnswer(text);
  }

  /** That the gateway itself is not let in is no affair of its callers. */
  #understand(error: PosternError): PosternError {
    return ["Y8050", "Y2001", "Y2002"].includes(error.code) ? this.#without(error) : error;
  }

  #without(cause: unknown = this.#lastError): PosternError {
    return posternError("Y8051", "This gateway has no control plane to ask at the moment.", {
      hint: "Try again in a moment.",
      ...(cause !== undefined && { cause }),
    });
  }

  #tell(event: "ready" | "failed", detail: string): void {
    if (this.#told === `${event} ${detail}`) return;
    this.#told = `${event} ${detail}`;
    this.#options.observe({ type: "service", service: "control plane", event, detail });
  }
}
