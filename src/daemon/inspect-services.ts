/** In charge of the functions behind the routes that tell what a database does, did, and would gain by, and of looking once a minute. */
import type { LiveSessions } from "@postern/sdk/protocol";
import type { Principal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import { findDatabase } from "../databases/find-database.ts";
import type { InspectService } from "../http/services/inspect-services.ts";
import { adviseDatabase } from "../insights/advise-database.ts";
import { endLiveSession } from "../insights/end-live-session.ts";
import { listLiveSessions } from "../insights/list-live-sessions.ts";
import { chooseSpan, plotMetrics, plotTrends } from "../insights/plot-metrics.ts";
import { DatabaseSampler, type ReadPools } from "../insights/sample-databases.ts";
import type { Platform } from "../instances/platform.ts";
import type { MaintenanceTask } from "../maintenance/maintenance-timer.ts";
import {
  readSampleSteps,
  readStatementSteps,
  readTrendSteps,
  trimMetricSamples,
} from "../state/metric-samples.ts";

const lookEveryMs = 1_500;
/** In a line that is a few centimetres wide. */
const trendPoints = 40;
const mostTrends = 200;

export function inspectServices(platform: Platform, settled: () => Promise<void>): InspectService {
  const { state, clock } = platform;
  const find = (principal: Principal, ref: string) => findDatabase(state, principal, ref);
  return {
    sessions: async (principal, { ref }) => listLiveSessions(platform, await find(principal, ref)),
    async *watchSessions(principal, { ref, signal }) {
      let last = "";
      while (!signal.aborted && !platform.stopping.aborted) {
        // Found anew each time: it may fall asleep, move or be destroyed meanwhile.
        const found = await listLiveSessions(platform, await find(principal, ref));
        const content = contentOf(found);
        if (content !== last) yield found;
        last = content;
        await pause(lookEveryMs, AbortSignal.any([signal, platform.stopping]));
      }
    },
    endSession: async (principal, { ref, pid, onlyStatement }) =>
      endLiveSession(platform, await find(principal, ref), pid, { onlyStatement }),
    async advice(principal, { ref }) {
      const row = await find(principal, ref);
      await settled();
      return adviseDatabase(platform, row);
    },
    async trends(principal, { ref, since_minutes: minutes }) {
      const { id } = await find(principal, ref);
      await settled();
      const now = clock.now();
      const span = chooseSpan(new Date(now.getTime() - minutes * 60_000), now, trendPoints);
      return plotTrends(span, await readTrendSteps(state, id, span, mostTrends));
    },
    async metrics(principal, { ref, since_minutes: minutes, from, to }) {
      const { id, isolation } = await find(principal, ref);
      await settled();
      const now = clock.now();
      const end = to === undefined ? now : new Date(to);
      const start = from === undefined ? new Date(end.getTime() - minutes * 60_000) : new Date(from);
      if (start >= end) throw posternError("Y1105", "The span ends before it begins.");
      const span = chooseSpan(start, end);
      const [samples, statements] = [
        await readSampleSteps(state, id, span),
        await readStatementSteps(state, id, span),
      ];
      return plotMetrics(span, samples, statements, { sharedServer: isolation !== "process", now });
    },
  };
}

const contentOf = ({ awake, sessions }: LiveSessions): string => JSON.stringify([awake, sessions]);

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });

/** Longer than statements are known: how a database grows is seen over weeks. */
const leastDays = 30;

export function samplingTasks({ config }: Platform, readPools: ReadPools): MaintenanceTask[] {
  if (!config.insights.enabled) return [];
  const sampler = new DatabaseSampler(readPools);
  const days = Math.max(leastDays, config.insights.days);
  return [
    { name: "measure databases", everyMs: 60_000, runOnce: (platform) => sampler.sample(platform) },
    { name: "trim measurements", everyMs: 3_600_000, runOnce: ({ state }) => trimMetricSamples(state, days) },
  ];
}
