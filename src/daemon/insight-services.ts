/** In charge of composing what is known of statements: who gathers it, who keeps it, and the functions behind its routes. */
import type { LiveDatabase, NPlusOneInfo, RequestTrace, StatementInfo } from "@postern/sdk/protocol";
import type { Principal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import { findDatabase } from "../databases/find-database.ts";
import { listDatabases } from "../databases/list-databases.ts";
import type { InsightService } from "../http/services/insight-services.ts";
import { countServerStatements } from "../insights/count-server-statements.ts";
import { countSessions } from "../insights/count-sessions.ts";
import { InsightBook, others } from "../insights/insight-book.ts";
import { LiveBook, liveSeconds } from "../insights/live-figures.ts";
import { OtlpExporter } from "../insights/otlp-exporter.ts";
import { PlanKeeper } from "../insights/plan-keeper.ts";
import type { TraceBundle } from "../insights/trace-bundle.ts";
import { TraceRecorder } from "../insights/trace-recorder.ts";
import type { Platform } from "../instances/platform.ts";
import type { MaintenanceTask } from "../maintenance/maintenance-timer.ts";
import type { QueryService } from "../query/query-service.ts";
import { traceQueries } from "../query/trace-queries.ts";
import {
  findTrace,
  listMinutes,
  listNPlusOne,
  listStatements,
  listTraces,
  type NPlusOneTotals,
  type StatementTotals,
  trimInsights,
} from "../state/insights.ts";
import { visibleTo } from "./database-services.ts";

export interface Insights {
  /** Whoever composes starts and stops it. */
  book: InsightBook;
  service: InsightService;
  tasks: MaintenanceTask[];
  /** All that ran is in the tables, as far as anybody can tell. */
  settled(): Promise<void>;
  /** What the daemon answers itself is noted as well. */
  trace(query: QueryService): QueryService;
}

export interface InsightsOptions {
  version: string;
  /** Hears every bundle. */
  onBundle(bundle: TraceBundle): void;
}

export function composeInsights(platform: Platform, { version, onBundle }: InsightsOptions): Insights {
  const { enabled, slowMs, days, otlp } = platform.config.insights;
  const plans = new PlanKeeper(platform);
  const book = new InsightBook(platform, (slow) => plans.onSlow(slow));
  const live = new LiveBook();
  book.listen({ onBundle });
  book.listen({
    onBundle: (bundle) => live.note(bundle),
    onSpan: (span, identity) => live.noteSpan(span, identity),
  });
  if (otlp) {
    const exporter = new OtlpExporter(otlp, { version, observe: platform.observe });
    book.listen({ onSpan: (span, identity) => exporter.note(span, identity) });
  }
  const recorder = new TraceRecorder({ slowMs, tell: (bundle) => book.take(bundle) });
  const tasks: MaintenanceTask[] = [
    { name: "trim insights", everyMs: 3_600_000, runOnce: ({ state }) => trimInsights(state, days) },
  ];
  const count = enabled ? oneAtATime(() => countServerStatements(platform, book)) : async () => {};
  tasks.push({ name: "count statements", everyMs: 60_000, runOnce: count });
  /** A server that does not answer keeps nobody from what is there. */
  const settled = async () => {
    await count().catch(() => {});
    await book.write();
  };
  return {
    book,
    service: { ...insightService(platform, book, settled), live: liveView(platform, live) },
    tasks,
    settled,
    trace: (query) => (enabled ? traceQueries(query, recorder) : query),
  };
}

const liveView =
  (platform: Platform, live: LiveBook): InsightService["live"] =>
  async (principal) => {
    const filter = { accountId: visibleTo(principal), destroyed: false };
    const { databases: rows } = await listDatabases(platform, filter);
    const [figures, sessions] = [live.figures(), await countSessions(platform)];
    const none = { statements_per_s: 0, mean_ms: 0, max_ms: 0, wait_ms: 0, errors_per_s: 0, slow: 0 };
    const nobody = { sessions: 0, active: 0, waiting: 0, idle_in_transaction: 0 };
    const databases: LiveDatabase[] = rows.map(({ id, name, status }) => ({
      id,
      name,
      status,
      ...(figures.get(id) ?? none),
      ...(sessions.get(id) ?? nobody),
    }));
    const own = new Set(rows.map(({ id }) => id as string));
    return {
      at: platform.clock.now().toISOString(),
      seconds: liveSeconds,
      databases,
      slow: live.slow.filter(({ database_id: id }) => own.has(id)),
    };
  };

/** Whoever comes while it runs waits for that run: what two of them counted would be there twice. */
function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function insightService(
  { state, clock }: Platform,
  book: InsightBook,
  bringUpToDate: () => Promise<void>,
): Omit<InsightService, "live"> {
  const find = async (principal: Principal, ref: string) => (await findDatabase(state, principal, ref)).id;
  const sinceOf = (minutes: number) => new Date(clock.now().getTime() - minutes * 60_000);
  return {
    async listStatements(principal, { ref, since_minutes: minutes, order, limit }) {
      const id = await find(principal, ref);
      await bringUpToDate();
      const rows = await listStatements(state, id, { since: sinceOf(minutes), order, limit: limit * 2 });
      return mergeSources(rows)
        .toSorted((a, b) => placeBy[order](b) - placeBy[order](a))
        .slice(0, limit);
    },
    async describeStatement(principal, { ref, fingerprint, since_minutes: minutes }) {
      const id = await find(principal, ref);
      await bringUpToDate();
      const since = sinceOf(minutes);
      const rows = await listStatements(state, id, { since, order: "total", fingerprint, limit: 2 });
      const [statement] = mergeSources(rows);
      if (!statement) throw noStatement(fingerprint);
      const found = await listMinutes(state, id, { since, fingerprint });
      return {
        ...statement,
        plan: rows[0]!.plan ?? null,
        minutes: found.map((row) => ({ ...row, minute: row.minute.toISOString() })),
      };
    },
    async listTraces(principal, { ref, limit }) {
      const id = await find(principal, ref);
      await book.write();
      return (await listTraces(state, id, limit)) as RequestTrace[];
    },
    async findTrace(principal, { ref, request_id: requestId }) {
      const id = await find(principal, ref);
      await book.settled();
      const trace = book.requests.find(id, requestId) ?? (await findTrace(state, id, requestId));
      if (trace) return trace as RequestTrace;
      throw posternError("Y9013", `No request ${requestId} of this database is known.`, {
        detail:
          "Only requests over HTTP are; of those that were neither slow nor asked the same again and again, the last 2000.",
        hint: "`postern db inspect requests` lists those that are kept.",
      });
    },
    async listNPlusOne(principal, { ref }) {
      const id = await find(principal, ref);
      await book.write();
      return (await listNPlusOne(state, id)).map(describeNPlusOne);
    },
  };
}

/** What is merged has other figures than its parts. */
const placeBy: Record<"total" | "calls" | "mean" | "slow", (row: StatementInfo) => number> = {
  total: (row) => row.total_ms,
  calls: (row) => row.calls,
  mean: (row) => row.mean_ms,
  slow: (row) => row.slow,
};

/** The server's count knows every way in; only HTTP knows who waited and what failed. */
function mergeSources(rows: readonly StatementTotals[]): StatementInfo[] {
  const merged = new Map<string, StatementInfo>();
  for (const row of rows) {
    const other = merged.get(row.fingerprint);
    if (!other) merged.set(row.fingerprint, describeStatement(row));
    else {
      const [http, postgres] =
        row.source === "http" ? [describeStatement(row), other] : [other, describeStatement(row)];
      const { wait_ms, errors, slow } = http;
      // Runs whose minute is not over yet are in one count only.
      merged.set(
        row.fingerprint,
        http.calls > postgres.calls ? http : { ...postgres, wait_ms, errors, slow },
      );
    }
  }
  return [...merged.values()];
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

const describeStatement = (row: StatementTotals): StatementInfo => ({
  fingerprint: row.fingerprint,
  statement: row.statement ?? others.text,
  kind: row.kind ?? others.kind,
  tables: row.tables ?? [],
  source: row.source,
  calls: row.calls,
  total_ms: rounded(row.total_ms),
  mean_ms: rounded(row.mean_ms),
  max_ms: rounded(row.max_ms),
  wait_ms: rounded(row.wait_ms),
  rows: row.rows,
  errors: row.errors,
  slow: row.slow,
  last_at: row.last_at.toISOString(),
});

const describeNPlusOne = (row: NPlusOneTotals): NPlusOneInfo => ({
  table: row.table_name,
  fingerprint: row.fingerprint,
  statement: row.statement ?? others.text,
  requests: row.requests,
  count: row.most,
  message: `N+1 detected: '${row.table_name}' queried ${row.most} times in one request`,
  last_request_id: row.last_request_id,
  first_at: row.first_at.toISOString(),
  last_at: row.last_at.toISOString(),
});

const noStatement = (fingerprint: string) =>
  posternError("Y9014", `No statement ${fingerprint} of this database is known.`, {
    hint: "`postern db inspect slow --json` lists them.",
  });
