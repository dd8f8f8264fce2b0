/** In charge of the data plane as a whole: the daemon's own part and the workers, told and closed as one. */
import { createReadLogin } from "../access/read-login.ts";
import type { DatabaseId } from "../base/id.ts";
import type { Certificate } from "../base/read-certificate.ts";
import type { CopyOrders } from "../copies/copy-orders.ts";
import { findClientAccess, openClientAccess } from "../databases/client-access.ts";
import type { ServerCertificate } from "../http/server-options.ts";
import type { Platform } from "../instances/platform.ts";
import { findAddress } from "../query/find-address.ts";
import type { QueryService } from "../query/query-service.ts";
import type { RecordService } from "../records/record-service.ts";
import { findDatabaseIdByInnerName } from "../state/logins.ts";
import { listKnownTokens, noteTokenUse } from "../state/tokens.ts";
import type { Metrics } from "./metrics.ts";
import { prepareLog } from "./record-services.ts";
import type { WorkerQuestions } from "./workers/worker-messages.ts";
import type { WorkerPool, WorkerPoolOptions } from "./workers/worker-pool.ts";

export interface DataPlane {
  /** Undefined: the daemon answers everything itself. */
  workers: WorkerPool | undefined;
  /** What its processes may ask. */
  questions: WorkerQuestions;
  /** Lets the workers serve; resolves when they do. */
  startWorkers(): Promise<void>;
  /** Everywhere, before it resolves. */
  closeDatabase(databaseId: DatabaseId): Promise<void>;
  /** The same, once what is under way is answered or a few seconds have passed. */
  drainDatabase(databaseId: DatabaseId): Promise<void>;
  /** Which tokens open it is asked anew, everywhere. */
  forgetTokens(databaseId: DatabaseId): Promise<void>;
  /** Gently: no request is disturbed. */
  retireSessions(databaseId: DatabaseId): Promise<void>;
  /** The same for its clients; who may be one is asked anew. */
  closeClients(databaseId: DatabaseId): Promise<void>;
  /**
   * For those that answer for this data plane elsewhere: hears of each of these before it is called done, and is waited for.
   * Returns what ends it.
   */
  follow(follower: (invalidation: Invalidation) => Promise<void>): () => void;
}

export type InvalidationKind =
  | "closeDatabase"
  | "drainDatabase"
  | "forgetTokens"
  | "retireSessions"
  | "closeClients";

/** What is known of a database is true no more. */
export interface Invalidation {
  what: InvalidationKind;
  databaseId: DatabaseId;
}

/** How long other control planes are waited for: longer than what they know counts, or than their workers may take. */
const othersWithinMs: Record<InvalidationKind, number> = {
  closeDatabase: 6_000,
  drainDatabase: 8_000,
  forgetTokens: 1_200,
  retireSessions: 1_200,
  closeClients: 6_000,
};

export interface DataPlaneOptions {
  query: QueryService;
  records: Pick<RecordService, "closeDatabase" | "closeClients">;
  /** The daemon's own knowledge of who may ask. */
  access: { forget(databaseId: DatabaseId): void };
  metrics: Metrics;
  noteStatements: WorkerPoolOptions["noteStatements"];
  /** Made already, serving nothing yet. */
  workers: WorkerPool | undefined;
  /** Where the workers find the daemon. */
  daemonSocket: string;
  /** Other control planes do the same. */
  orders?: CopyOrders | undefined;
}

export function createDataPlane(platform: Platform, options: DataPlaneOptions): DataPlane {
  const { config, ports, state, observe } = platform;
  const { daemonSocket, metrics, noteStatements, workers, orders } = options;
  const questions: WorkerQuestions = {
    knownTokens: (databaseId) => listKnownTokens(state, databaseId),
    findAddress: (databaseId) => findAddress(platform, databaseId),
    findClientAccess: (databaseId) => findClientAccess(platform, databaseId),
    openClientAccess: (databaseId) => openClientAccess(platform, databaseId),
    prepareLog: (databaseId) => prepareLog(platform, databaseId),
    readLogin: createReadLogin(platform),
    findDatabaseId: (innerName) => findDatabaseIdByInnerName(state, innerName),
    isHere: async () => true,
  };
  const certificate = platform.certificate && pairOf(platform.certificate.current);
  const start = { config, port: ports.http, certificate, daemonSocket, workers: config.workers };
  return {
    workers,
    questions,
    async startWorkers() {
      const count: WorkerPoolOptions["count"] = (summaries) => metrics.count(summaries);
      const noteUse: WorkerPoolOptions["noteUse"] = (token) =>
        void noteTokenUse(state, token).catch(() => {});
      await workers?.start({ start, questions, observe, noteUse, noteStatements, count });
    },
    ...everywhere(partOf(options), orders),
  };
}

type Part = Record<InvalidationKind, (databaseId: DatabaseId) => Promise<unknown>>;

/** Of this daemon: its own sessions and knowledge, and its workers'. */
function partOf({ query, records, access, workers }: DataPlaneOptions): Part {
  return {
    closeDatabase: (databaseId) =>
      Promise.all([
        query.closeDatabase(databaseId),
        records.closeDatabase(databaseId),
        workers?.order("closeDatabase", databaseId),
      ]),
    drainDatabase: (databaseId) =>
      Promise.all([
        query.drainDatabase(databaseId),
        records.closeDatabase(databaseId),
        workers?.order("drainDatabase", databaseId),
      ]),
    async forgetTokens(databaseId) {
      access.forget(databaseId);
      await workers?.order("forgetTokens", databaseId);
    },
    retireSessions: (databaseId) =>
      Promise.all([query.retireSessions(databaseId), workers?.order("retireSessions", databaseId)]),
    async closeClients(databaseId) {
      access.forget(databaseId);
      await Promise.all([
        query.closeClients(databaseId),
        records.closeClients(databaseId),
        workers?.order("closeClients", databaseId),
      ]);
    },
  };
}

/** Everywhere: here, at those who follow, and at other control planes, which tell those who follow them. */
function everywhere(
  part: Part,
  orders: CopyOrders | undefined,
): Omit<DataPlane, "workers" | "questions" | "startWorkers"> {
  const followers = new Set<(invalidation: Invalidation) => Promise<void>>();
  const here = (what: InvalidationKind, databaseId: DatabaseId): Promise<unknown> =>
    Promise.all([part[what](databaseId), ...[...followers].map((tell) => tell({ what, databaseId }))]);
  orders?.obey({ invalidate: ({ what, databaseId }: Invalidation) => here(what, databaseId) });
  const tell = (what: InvalidationKind) => async (databaseId: DatabaseId) => {
    await Promise.all([
      here(what, databaseId),
      orders?.tell("invalidate", { what, databaseId }, othersWithinMs[what]),
    ]);
  };
  return {
    closeDatabase: tell("closeDatabase"),
    drainDatabase: tell("drainDatabase"),
    forgetTokens: tell("forgetTokens"),
    retireSessions: tell("retireSessions"),
    closeClients: tell("closeClients"),
    follow(follower) {
      followers.add(follower);
      return () => void followers.delete(follower);
    },
  };
}

/** What a server needs of it. */
export const pairOf = ({ certificate, key }: Certificate): ServerCertificate => ({ certificate, key });
