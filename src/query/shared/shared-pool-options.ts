/** In charge of naming what a pool of shared sessions has to be told. */
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import type { TypeCatalog } from "../type-catalog.ts";

export interface SharedPoolOptions {
  open(signal: AbortSignal): Promise<WireConnection>;
  catalog: TypeCatalog;
  size: number;
  /** Largest answer, counted on the socket, bytes. */
  answerBytes: number;
  statementTimeoutMs: number;
  queueLength: number;
  queueTimeoutMs: number;
  idleTimeoutMs: number;
  maxLifetimeMs: number;
  /** For strangers: each request is a transaction of its own, which begins with who it is. */
  isolates?: boolean;
  /** Room for what comes beside each answer, bytes. */
  besideBytes?: number;
}
