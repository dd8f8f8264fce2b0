/** In charge of the requests that were seen last: all that each asked, and what was remarkable about it. Memory only. */
import type { NPlusOneWarning, RequestTrace, TracedStatement } from "@postern/sdk/protocol";
import type { StatementIdentity } from "./fingerprint-statement.ts";
import type { StatementSpan } from "./trace-bundle.ts";

/** As often one request asks the same before it is told that it does. */
export const leastRepeats = 10;
/** Statements of one request that are kept. */
const mostStatements = 500;
const mostRequests = 2_000;
/** What carries the same id much later is another request. */
const requestLastsMs = 60_000;

interface Asked {
  count: number;
  identity: StatementIdentity;
}

interface Entry {
  record: RequestTrace;
  startedAt: number;
  endedAt: number;
  /** Reads by their fingerprints: how often, each a round trip of its own. */
  asked: Map<string, Asked>;
  /** How much of what is asked again and again has been told. */
  told: Map<string, number>;
  isDirty: boolean;
}

export interface NPlusOneNews {
  databaseId: string;
  requestId: string;
  fingerprint: string;
  table: string;
  count: number;
  /** It was not told of this request before. */
  isNew: boolean;
  at: string;
}

export class RequestLog {
  readonly #entries = new Map<string, Entry>();

  note(span: StatementSpan, identity: StatementIdentity): void {
    const entry = this.#entryOf(span);
    const { record } = entry;
    record.statement_count++;
    entry.startedAt = Math.min(entry.startedAt, span.at - span.waitMs);
    entry.endedAt = Math.max(entry.endedAt, span.at + span.ms);
    record.at = new Date(entry.startedAt).toISOString();
    record.duration_ms = round(entry.endedAt - entry.startedAt);
    if (span.slow) {
      record.slow_count++;
      entry.isDirty = true;
    }
    if (record.statements.length < mostStatements) record.statements.push(describe(span, identity));
    // What travels in one batch costs one round trip, however much it is.
    if (identity.kind === "select" && span.index === 0 && identity.tables.length > 0)
      this.#count(entry, identity);
  }

  /** What came to light since the last time: records to keep, and statements that were asked again and again. */
  takeNews(): { records: RequestTrace[]; repeated: NPlusOneNews[] } {
    const records: RequestTrace[] = [];
    const repeated: NPlusOneNews[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.isDirty) continue;
      entry.isDirty = false;
      records.push(entry.record);
      for (const { fingerprint, table, count } of entry.record.n1_warnings) {
        const last = entry.told.get(fingerprint);
        if (last === count) continue;
        entry.told.set(fingerprint, count);
        const { database_id: databaseId, request_id: requestId, at } = entry.record;
        repeated.push({ databaseId, requestId, fingerprint, table, count, isNew: last === undefined, at });
      }
    }
    return { records, repeated };
  }

  find(databaseId: string, requestId: string): RequestTrace | undefined {
    return this.#entries.get(keyOf(databaseId, requestId))?.record;
  }

  /** Newest first. */
  list(databaseId: string, limit: number): RequestTrace[] {
    const found: RequestTrace[] = [];
    for (const { record } of [...this.#entries.values()].toReversed())
      if (record.database_id === databaseId && found.push(record) >= limit) break;
    return found;
  }

  #count(entry: Entry, identity: StatementIdentity): void {
    const asked = entry.asked.get(identity.fingerprint) ?? { count: 0, identity };
    asked.count++;
    entry.asked.set(identity.fingerprint, asked);
    if (asked.count < leastRepeats) return;
    entry.isDirty = true;
    entry.record.n1_warnings = [...entry.asked.values()]
      .filter(({ count }) => count >= leastRepeats)
      .sort((a, b) => b.count - a.count)
      .map(warningOf);
  }

  #entryOf({ databaseId, requestId, at, waitMs }: StatementSpan): Entry {
    const key = keyOf(databaseId, requestId);
    const known = this.#entries.get(key);
    if (known && at - known.startedAt < requestLastsMs) return known;
    const startedAt = at - waitMs;
    const record: RequestTrace = {
      request_id: requestId,
      database_id: databaseId,
      at: new Date(startedAt).toISOString(),
      duration_ms: 0,
      statement_count: 0,
      statements: [],
      slow_count: 0,
      n1_warnings: [],
    };
    const entry: Entry = {
      record,
      startedAt,
      endedAt: startedAt,
      asked: new Map(),
      told: new Map(),
      isDirty: false,
    };
    // Behind all others, also where the key was known.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#forgetOldest();
    return entry;
  }

  /** What has not been told yet stays until it is. */
  #forgetOldest(): void {
    for (const [key, { isDirty }] of this.#entries) {
      if (this.#entries.size <= mostRequests) return;
      if (!isDirty || this.#entries.size > mostRequests * 2) this.#entries.delete(key);
    }
  }
}

const keyOf = (databaseId: string, requestId: string): string => `${databaseId} ${requestId}`;
const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;

function describe(span: StatementSpan, { fingerprint, text, tables }: StatementIdentity): TracedStatement {
  return {
    fingerprint,
    statement: text,
    tables,
    role: span.role,
    at: new Date(span.at).toISOString(),
    duration_ms: round(span.ms),
    wait_ms: round(span.waitMs),
    rows: span.rows,
    slow: span.slow,
    error_code: span.code,
  };
}

function warningOf({ count, identity }: Asked): NPlusOneWarning {
  const { fingerprint, text, tables } = identity;
  const table = tables[0]!;
  const message = `N+1 detected: '${table}' queried ${count} times in one request`;
  return { table, count, fingerprint, statement: text, message };
}
