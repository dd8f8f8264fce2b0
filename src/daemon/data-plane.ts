/** In charge of the data plane as a whole: the daemon's own part and the workers, told and closed as one. */
import { createReadLogin } from "../access/read-login.ts";
import type { DatabaseId } from "../base/id.ts";
import type { Certificate } from "../base/read-certificate.ts";
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
}

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
}

export function createDataPlane(platform: Platform, options: DataPlaneOptions): DataPlane {
  const { config, ports, state, observe } = platform;
  const { query, records, access, daemonSocket, metrics, noteStatements, workers } = options;
  const questions: WorkerQuestions = {
    knownTokens: (databaseId) => listKnownTokens(state, databaseId),
    findAddress: (databaseId) => findAddress(platform, databaseId),
    findClientAccess: (databaseId) => findClientAccess(platform, databaseId),
    openClientAccess: (databaseId) => openClientAccess(platform, databaseId),
    prepareLog: (databaseId) => prepareLog(platform, databaseId),
    readLogin: createReadLogin(platform),
    findDatabaseId: (innerName) => findDatabaseIdByInnerName(state, innerName),
  };
  const certificate = platform.certificate && pairOf(platform.certificate.current);
  const start = { config, port: ports.http, certificate, daemonSocket, workers: config.workers };
  return {
    workers,
    async startWorkers() {
      const count: WorkerPoolOptions["count"] = (summaries) => metrics.count(summaries);
      const noteUse: WorkerPoolOptions["noteUse"] = (token) =>
        void noteTokenUse(state, token).catch(() => {});
      await workers?.start({ start, questions, observe, noteUse, noteStatements, count });
    },
    async closeDatabase(databaseId) {
      await Promise.all([
        query.closeDatabase(databaseId),
        records.closeDatabase(databaseId),
        workers?.order("closeDatabase", databaseId),
      ]);
    },
    async drainDatabase(databaseId) {
      await Promise.all([
        query.drainDatabase(databaseId),
        records.closeDatabase(databaseId),
        workers?.order("drainDatabase", databaseId),
      ]);
    },
    async forgetTokens(databaseId) {
      access.forget(databaseId);
      await workers?.order("forgetTokens", databaseId);
    },
    async retireSessions(databaseId) {
      await Promise.all([query.retireSessions(databaseId), workers?.order("retireSessions", databaseId)]);
    },
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

/** What a server needs of it. */
export const pairOf = ({ certificate, key }: Certificate): ServerCertificate => ({ certificate, key });
