/** In charge of what the data plane keeps for one database: its sessions, and what it has learnt of its types. */

import type { Limits } from "../base/config.ts";
import type { DepartureSignal } from "../base/departure.ts";
import type { DatabaseAddress } from "../instances/database-address.ts";
import { openSession } from "./open-session.ts";
import { ResultShapes } from "./result-shapes.ts";
import type { BatchContext } from "./run-batch.ts";
import { SessionPool } from "./session-pool.ts";
import { sessionSettings } from "./session-settings.ts";
import { TypeCatalog } from "./type-catalog.ts";

export interface QueryContext extends BatchContext {
  limits: Limits;
  shapes: ResultShapes;
}

/** What a request asks beyond its statements. */
export interface QueryOptions {
  /** Rows as arrays of values instead of objects. */
  rowsAsArrays?: boolean;
  /** Fires when the client has gone: the statement is canceled. */
  signal?: DepartureSignal;
}

const secondMs = 1_000;

export function createQueryContext(address: DatabaseAddress, limits: Limits): QueryContext {
  const catalog = new TypeCatalog();
  const settings = sessionSettings(limits.statementTimeoutMs);
  const pool = new SessionPool({
    open: (signal) => openSession({ ...address, settings, timeoutMs: 10 * secondMs }, 5 * secondMs, signal),
    size: limits.connectionsPerDatabase,
    queueLength: 1_000,
    queueTimeoutMs: 10 * secondMs,
    idleTimeoutMs: 60 * secondMs,
    maxLifetimeMs: 30 * 60 * secondMs,
  });
  return { pool, catalog, shapes: new ResultShapes(catalog), limits };
}
