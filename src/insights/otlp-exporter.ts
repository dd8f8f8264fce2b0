/**
 * In charge of telling a collector of OpenTelemetry about statements: OTLP over HTTP in JSON, some at a time. A collector that does
 * not take them loses them; nothing waits for it.
 */
import { createHash, randomBytes } from "node:crypto";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/observation.ts";
import type { OtlpConfig } from "../base/read-insights.ts";
import type { StatementIdentity } from "./fingerprint-statement.ts";
import type { StatementSpan } from "./trace-bundle.ts";

const sendEveryMs = 2_000;
const mostWaiting = 4_096;
const mostAtOnce = 512;
const answerWithinMs = 10_000;
/** A collector that is away is not told of once for every bundle. */
const complainEveryMs = 60_000;

export class OtlpExporter {
  readonly #config: OtlpConfig;
  readonly #version: string;
  readonly #observe: Observe;
  #waiting: object[] = [];
  #timer: NodeJS.Timeout | undefined;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(config: OtlpConfig, { version, observe }: { version: string; observe: Observe }) {
    this.#config = config;
    this.#version = version;
    this.#observe = observe;
  }

  note(span: StatementSpan, identity: StatementIdentity): void {
    if (this.#waiting.length >= mostWaiting) return;
    this.#waiting.push(renderSpan(span, identity));
    this.#timer ??= setTimeout(() => void this.send(), sendEveryMs).unref();
  }

  /** Resolves when all that waits was sent, or given up. */
  async send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const spans = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < spans.length; at += mostAtOnce) {
      const failure = await this.#post(spans.slice(at, at + mostAtOnce));
      if (failure !== undefined) {
        this.#complain(failure);
        return;
      }
    }
  }

  async #post(spans: readonly object[]): Promise<string | undefined> {
    const resource = {
      attributes: [text("service.name", "postern"), text("service.version", this.#version)],
    };
    const scopeSpans = [{ scope: { name: "postern.statements", version: this.#version }, spans }];
    try {
      const answer = await fetch(this.#config.url, {
        method: "POST",
        headers: { ...this.#config.headers, "content-type": "application/json" },
        body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }),
        redirect: "error",
        signal: AbortSignal.timeout(answerWithinMs),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `it answered ${answer.status}`;
    } catch (error) {
      return messageOf(error);
    }
  }

  #complain(detail: string): void {
    const now = performance.now();
    if (now - this.#complainedAt < complainEveryMs) return;
    this.#complainedAt = now;
    this.#observe({
      type: "maintenance",
      task: "telling the collector of OpenTelemetry",
      event: "failed",
      detail,
    });
  }
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const int = (key: string, value: number) => ({ key, value: { intValue: String(Math.round(value)) } });
const double = (key: string, value: number) => ({ key, value: { doubleValue: value } });

/** All statements of one request are of one trace: of its own, where the request's id is one. */
export const traceIdOf = (requestId: string): string =>
  /^[0-9a-f]{32}$/.test(requestId) && !/^0+$/.test(requestId)
    ? requestId
    : createHash("sha256").update(requestId).digest("hex").slice(0, 32);

const kindClient = 3;
const statusError = 2;

function renderSpan(span: StatementSpan, identity: StatementIdentity): object {
  const [table] = identity.tables;
  return {
    traceId: traceIdOf(span.requestId),
    spanId: randomBytes(8).toString("hex"),
    name: table === undefined ? identity.kind : `${identity.kind} ${table}`,
    kind: kindClient,
    startTimeUnixNano: nanoseconds(span.at),
    endTimeUnixNano: nanoseconds(span.at + span.ms),
    attributes: [
      text("db.system.name", "postgresql"),
      text("db.namespace", span.databaseId),
      text("db.operation.name", identity.kind),
      text("db.query.text", identity.text),
      ...(table === undefined ? [] : [text("db.collection.name", table)]),
      ...(span.rows === null ? [] : [int("db.response.returned_rows", span.rows)]),
      ...(span.code === null
        ? []
        : [text("db.response.status_code", span.code), text("error.type", span.code)]),
      text("postern.fingerprint", identity.fingerprint),
      text("postern.request_id", span.requestId),
      text("postern.role", span.role),
      double("postern.wait_ms", span.waitMs),
    ],
    ...(span.code === null ? {} : { status: { code: statusError, message: span.code } }),
  };
}

/** Since 1970; more than a number can hold. */
const nanoseconds = (ms: number): string => (BigInt(Math.round(ms * 1_000)) * 1_000n).toString();
