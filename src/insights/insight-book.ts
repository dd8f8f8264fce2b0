/**
 * In charge of what the daemon knows of the statements that databases are asked: it takes what the data plane tells, puts runs of
 * one statement together whatever their values, and writes it into Postern's own tables every few seconds.
 */
import { messageOf } from "../base/error.ts";
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import {
  addMinutes,
  type MinuteRow,
  type StatementRow,
  saveNPlusOne,
  saveStatements,
  saveTraces,
} from "../state/insights.ts";
import { fingerprintStatement, type StatementIdentity } from "./fingerprint-statement.ts";
import { RequestLog } from "./request-log.ts";
import type { StatementCount, StatementSpan, TraceBundle } from "./trace-bundle.ts";

const writeEveryMs = 10_000;
/** Texts that are looked at between two writings; what comes beyond counts as others. */
const mostNewTexts = 3_000;
const mostKnownTexts = 5_000;
/** Statements of one database of which a minute tells one by one. */
const mostPerMinute = 200;

/** Of texts that are not told apart. */
export const others: StatementIdentity = {
  fingerprint: "others",
  text: "(other statements)",
  kind: "other",
  tables: [],
};

/** A statement that was slow, for whoever wants to know why. */
export interface SlowStatement {
  databaseId: string;
  identity: StatementIdentity;
}

/** Hears what is told as it comes. */
export interface InsightListener {
  onBundle?(bundle: TraceBundle): void;
  onSpan?(span: StatementSpan, identity: StatementIdentity): void;
}

export class InsightBook implements Service {
  readonly name = "insights";
  readonly requests = new RequestLog();
  readonly #platform: Pick<Platform, "state" | "observe" | "clock">;
  readonly #onSlow: (statement: SlowStatement) => void;
  readonly #listeners = new Set<InsightListener>();
  readonly #identities = new Map<string, StatementIdentity>();
  #newTexts = 0;
  #statements = new Map<string, StatementRow>();
  #minutes = new Map<string, MinuteRow>();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(
    platform: Pick<Platform, "state" | "observe" | "clock">,
    onSlow: (statement: SlowStatement) => void = () => {},
  ) {
    this.#platform = platform;
    this.#onSlow = onSlow;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.write(), writeEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }

  listen(listener: InsightListener): void {
    this.#listeners.add(listener);
  }

  take(bundle: TraceBundle): void {
    for (const listener of this.#listeners) listener.onBundle?.(bundle);
    this.#queue("what statements took", () => this.#take(bundle));
  }

  /** What was taken so far is in the tables when it resolves. */
  write(): Promise<void> {
    this.#queue("writing what statements took", () => this.#write());
    return this.#work;
  }

  /** All that was told is counted when it resolves. */
  settled(): Promise<void> {
    return this.#work;
  }

  async identify(sql: string | null): Promise<StatementIdentity> {
    if (sql === null) return others;
    const known = this.#identities.get(sql);
    if (known) return known;
    if (this.#newTexts >= mostNewTexts) return others;
    this.#newTexts++;
    const identity = await fingerprintStatement(sql);
    if (this.#identities.size >= mostKnownTexts)
      this.#identities.delete(this.#identities.keys().next().value!);
    this.#identities.set(sql, identity);
    return identity;
  }

  /** One after the other, so that nothing is written while it changes; a failure is reported and the next goes on. */
  #queue(where: string, work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) =>
      this.#platform.observe({
        type: "maintenance",
        task: where,
        event: "failed",
        detail: messageOf(error),
      }),
    );
  }

  async #take({ counts, spans }: TraceBundle): Promise<void> {
    const minute = minuteOf(this.#platform.clock.now());
    for (const count of counts) this.add("http", minute, count, await this.identify(count.sql));
    for (const span of spans) {
      const identity = await this.identify(span.sql);
      this.requests.note(span, identity);
      for (const listener of this.#listeners) listener.onSpan?.(span, identity);
      if (span.slow && identity.kind !== "other") this.#onSlow({ databaseId: span.databaseId, identity });
    }
  }

  /** Adds what was counted to what the minute knows. */
  add(
    source: MinuteRow["source"],
    minute: string,
    count: Omit<StatementCount, "sql">,
    identity: StatementIdentity,
  ): void {
    const { databaseId } = count;
    const { fingerprint, text, kind, tables } = identity;
    const key = `${databaseId} ${fingerprint}`;
    if (!this.#statements.has(key))
      this.#statements.set(key, { database_id: databaseId, fingerprint, statement: text, kind, tables });
    const place = `${source} ${minute} ${key}`;
    const { calls, totalMs, maxMs, waitMs, rows, errors, slow } = count;
    const figures = { calls, total_ms: totalMs, max_ms: maxMs, wait_ms: waitMs, rows, errors, slow };
    const row = this.#minutes.get(place);
    if (row) addFigures(row, figures);
    else this.#minutes.set(place, { database_id: databaseId, source, minute, fingerprint, ...figures });
  }

  async #write(): Promise<void> {
    const { state } = this.#platform;
    this.#newTexts = 0;
    const minutes = limitMinutes([...this.#minutes.values()]);
    const written = new Set(minutes.map(({ database_id: id, fingerprint }) => `${id} ${fingerprint}`));
    const statements = [...this.#statements].filter(([key]) => written.has(key)).map(([, row]) => row);
    this.#minutes = new Map();
    this.#statements = new Map();
    const { records, repeated } = this.requests.takeNews();
    if (statements.length > 0) await saveStatements(state, statements);
    if (minutes.length > 0) await addMinutes(state, minutes);
    if (records.length > 0)
      await saveTraces(
        state,
        records.map((record) => ({
          database_id: record.database_id,
          request_id: record.request_id,
          at: record.at,
          trace: record,
        })),
      );
    // One row for each statement: the worst of what came to light.
    for (const news of repeated) {
      await saveNPlusOne(state, [
        {
          database_id: news.databaseId,
          fingerprint: news.fingerprint,
          table_name: news.table,
          requests: news.isNew ? 1 : 0,
          most: news.count,
          last_request_id: news.requestId,
          at: news.at,
        },
      ]);
    }
  }
}

type Figures = Pick<MinuteRow, "calls" | "total_ms" | "max_ms" | "wait_ms" | "rows" | "errors" | "slow">;

function addFigures(sum: Figures, more: Figures): void {
  sum.calls += more.calls;
  sum.total_ms += more.total_ms;
  sum.max_ms = Math.max(sum.max_ms, more.max_ms);
  sum.wait_ms += more.wait_ms;
  sum.rows += more.rows;
  sum.errors += more.errors;
  sum.slow += more.slow;
}

export const minuteOf = (time: Date): string => `${time.toISOString().slice(0, 16)}:00Z`;

/** Those that took the most time one by one, the rest together. */
export function limitMinutes(rows: readonly MinuteRow[]): MinuteRow[] {
  const groups = new Map<string, MinuteRow[]>();
  for (const row of rows) {
    const key = `${row.database_id} ${row.source} ${row.minute}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].flatMap((group) => {
    if (group.length <= mostPerMinute) return group;
    const place = (row: MinuteRow) => (row.fingerprint === others.fingerprint ? -1 : row.total_ms);
    const ordered = [...group].sort((a, b) => place(b) - place(a));
    const [first, ...rest] = ordered.slice(mostPerMinute);
    const sum = { ...first!, fingerprint: others.fingerprint };
    for (const row of rest) addFigures(sum, row);
    return [...ordered.slice(0, mostPerMinute), sum];
  });
}
