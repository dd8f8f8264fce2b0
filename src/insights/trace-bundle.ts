/** In charge of naming what a process that answers SQL over HTTP tells about the statements that it ran. */
import type { TraceRole } from "./request-trace.ts";

/** All runs of one text since the last bundle. */
export interface StatementCount {
  databaseId: string;
  /** Null: of all texts beyond those that are told apart. */
  sql: string | null;
  calls: number;
  totalMs: number;
  maxMs: number;
  /** Waiting for a connection. */
  waitMs: number;
  rows: number;
  errors: number;
  slow: number;
}

/** One run of one statement. */
export interface StatementSpan {
  databaseId: string;
  requestId: string;
  sql: string;
  /** Of several in one request. */
  index: number;
  role: TraceRole;
  /** When it began, milliseconds since 1970. */
  at: number;
  ms: number;
  waitMs: number;
  /** Null: not counted. */
  rows: number | null;
  code: string | null;
  slow: boolean;
}

export interface TraceBundle {
  counts: StatementCount[];
  spans: StatementSpan[];
  /** Requests whose statements were counted, but not kept one by one: there were too many. */
  unsampled: number;
}
