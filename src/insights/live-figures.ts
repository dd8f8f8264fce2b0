/** In charge of what each database is asked at this moment: the last ten seconds, as the data plane tells of them. */
import type { StatementIdentity } from "./fingerprint-statement.ts";
import type { StatementSpan, TraceBundle } from "./trace-bundle.ts";

export const liveSeconds = 10;
const mostSlow = 20;

interface Told {
  at: number;
  counts: TraceBundle["counts"];
}

export interface LiveFigures {
  statements_per_s: number;
  mean_ms: number;
  max_ms: number;
  wait_ms: number;
  errors_per_s: number;
  slow: number;
}

export interface LiveSlow {
  database_id: string;
  request_id: string;
  at: string;
  duration_ms: number;
  statement: string;
}

export class LiveBook {
  #told: Told[] = [];
  #slow: LiveSlow[] = [];

  note({ counts }: TraceBundle): void {
    this.#forget();
    this.#told.push({ at: performance.now(), counts });
  }

  noteSpan(span: StatementSpan, { text }: StatementIdentity): void {
    if (!span.slow) return;
    const { databaseId, requestId, at, ms } = span;
    const told = { database_id: databaseId, request_id: requestId, at: new Date(at).toISOString() };
    this.#slow.unshift({ ...told, duration_ms: Math.round(ms * 1_000) / 1_000, statement: text });
    this.#slow.length = Math.min(this.#slow.length, mostSlow);
  }

  /** Newest first. */
  get slow(): readonly LiveSlow[] {
    return this.#slow;
  }

  figures(): Map<string, LiveFigures> {
    this.#forget();
    const sums = new Map<
      string,
      { calls: number; total: number; max: number; wait: number; errors: number; slow: number }
    >();
    for (const { counts } of this.#told) {
      for (const count of counts) {
        const sum = sums.get(count.databaseId) ?? { calls: 0, total: 0, max: 0, wait: 0, errors: 0, slow: 0 };
        sum.calls += count.calls;
        sum.total += count.totalMs;
        sum.max = Math.max(sum.max, count.maxMs);
        sum.wait += count.waitMs;
        sum.errors += count.errors;
        sum.slow += count.slow;
        sums.set(count.databaseId, sum);
      }
    }
    const round = (value: number) => Math.round(value * 1_000) / 1_000;
    return new Map(
      [...sums].map(([id, { calls, total, max, wait, errors, slow }]) => [
        id,
        {
          statements_per_s: round(calls / liveSeconds),
          mean_ms: round(total / calls),
          max_ms: round(max),
          wait_ms: round(wait / calls),
          errors_per_s: round(errors / liveSeconds),
          slow,
        },
      ]),
    );
  }

  #forget(): void {
    const before = performance.now() - liveSeconds * 1_000;
    this.#told = this.#told.filter(({ at }) => at >= before);
  }
}
