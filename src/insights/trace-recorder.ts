/**
 * In charge of gathering what statements took, in the process that runs them: every one is counted, and of the single runs as
 * many are kept as can be told. Nothing here knows of parameters. What was gathered is told once in a while, as one bundle.
 */
import { RequestTrace, type TraceRole } from "./request-trace.ts";
import type { StatementCount, StatementSpan, TraceBundle } from "./trace-bundle.ts";

export interface RecorderOptions {
  /** From there on a statement is slow, milliseconds. */
  slowMs: number;
  tell(bundle: TraceBundle): void;
}

const tellEveryMs = 1_000;
/** Texts of one database that are told apart between two bundles. */
const mostTexts = 300;
/** A text beyond that is counted and not told. */
const mostCharacters = 32_768;
/** Single runs that are told in one bundle. */
const mostSpans = 400;

/** Statements of a request, or what they are made of. */
export type TracedStatements = readonly { readonly sql: string }[];

export class TraceRecorder {
  readonly #options: RecorderOptions;
  readonly #counts = new Map<string, Map<string | null, StatementCount>>();
  #spans: StatementSpan[] = [];
  /** One request of so many has its statements kept one by one; a power of two. */
  #everyNth = 1;
  #requests = 0;
  #unsampled = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  begin(databaseId: string, role: TraceRole, requestId: string): RequestTrace {
    return new RequestTrace(databaseId, role, requestId);
  }

  /** `code` and `failedIndex`: how it failed, and which of its statements. */
  end(trace: RequestTrace, statements: TracedStatements, code?: string, failedIndex = 0): void {
    const now = performance.now();
    // What was refused before it ran says nothing about the statement.
    if (trace.sentAt === 0) return;
    const isKept = this.#isSampled(trace.requestId);
    const { results, sentAt } = trace;
    let last = sentAt;
    for (let index = 0; index < statements.length; index++) {
      const result = results?.[index];
      const end = result && result.completedAt > 0 ? result.completedAt : now;
      const hasFailed = code !== undefined && index === failedIndex;
      const ms = Math.max(0, end - last);
      last = end;
      const waitMs = index === 0 ? Math.max(0, sentAt - trace.startedAt) : 0;
      this.#count(trace, statements[index]!.sql, ms, waitMs, result?.rowCount ?? 0, hasFailed);
      const slow = ms > this.#options.slowMs;
      if ((isKept || slow) && this.#spans.length < mostSpans * 2) {
        this.#spans.push({
          databaseId: trace.databaseId,
          requestId: trace.requestId,
          sql: statements[index]!.sql,
          index,
          role: trace.role,
          at: performance.timeOrigin + end - ms,
          ms,
          waitMs,
          rows: result ? result.rowCount : null,
          code: hasFailed ? code : null,
          slow,
        });
      }
      if (hasFailed) break;
    }
    this.#timer ??= setTimeout(() => this.flush(), tellEveryMs).unref();
  }

  /** Tells what there is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts.values()].flatMap((texts) => [...texts.values()]);
    const bundle = { counts, spans: this.#spans, unsampled: this.#unsampled };
    // As many as were told apart this time decide how many are next time.
    while (this.#requests / this.#everyNth > mostSpans) this.#everyNth *= 2;
    while (this.#everyNth > 1 && this.#requests / (this.#everyNth / 2) <= mostSpans) this.#everyNth /= 2;
    this.#counts.clear();
    this.#spans = [];
    this.#requests = 0;
    this.#unsampled = 0;
    this.#options.tell(bundle);
  }

  /** All statements that carry one request's id are kept, or none: what belongs together is seen together. */
  #isSampled(requestId: string): boolean {
    this.#requests++;
    if (this.#everyNth === 1) return true;
    let hash = 0;
    for (let at = Math.max(0, requestId.length - 8); at < requestId.length; at++)
      hash = (Math.imul(hash, 31) + requestId.charCodeAt(at)) | 0;
    if ((hash & (this.#everyNth - 1)) === 0) return true;
    this.#unsampled++;
    return false;
  }

  #count(
    { databaseId }: RequestTrace,
    text: string,
    ms: number,
    waitMs: number,
    rows: number,
    hasFailed: boolean,
  ): void {
    let texts = this.#counts.get(databaseId);
    if (texts === undefined) {
      texts = new Map();
      this.#counts.set(databaseId, texts);
    }
    let count = texts.get(text);
    if (count === undefined) {
      const sql = texts.size < mostTexts && text.length <= mostCharacters ? text : null;
      count = texts.get(sql);
      if (count === undefined) {
        count = { databaseId, sql, calls: 0, totalMs: 0, maxMs: 0, waitMs: 0, rows: 0, errors: 0, slow: 0 };
        texts.set(sql, count);
      }
    }
    count.calls++;
    count.totalMs += ms;
    if (ms > count.maxMs) count.maxMs = ms;
    count.waitMs += waitMs;
    count.rows += rows;
    if (hasFailed) count.errors++;
    if (ms > this.#options.slowMs) count.slow++;
  }
}
