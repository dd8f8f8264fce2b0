/** In charge of what a subject of a comparison is: whoever can run a workload's requests, by HTTP or without. */
import type pg from "pg";
import type { LoadResult } from "../load/recording.ts";
import type { TemporaryPostern } from "../temporary-postern.ts";
import type { Workload } from "../workloads.ts";

export interface LoadAmount {
  connections: number;
  seconds: number;
}

export interface Subject {
  name: string;
  /** Sees that the first request is answered rightly. Undefined: it has nothing that does this. */
  prepare(workload: Workload): Promise<((amount: LoadAmount) => Promise<LoadResult>) | undefined>;
}

export interface CreatedDatabase {
  id: string;
  token: string;
  user: string;
  database: string;
}

/** What all subjects work on. */
export interface Ground {
  postern: TemporaryPostern;
  database: CreatedDatabase;
  /** The database past Postern: by unix socket, with as many connections as Postern takes. */
  pool: pg.PoolConfig;
  /** What ends with the comparison. */
  onClose(end: () => void | Promise<void>): void;
}

export type OpenSubject = (ground: Ground) => Promise<Subject>;

/** Before the measured time, for compilers and caches. */
export const warmupSeconds = 0.5;
