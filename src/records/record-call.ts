/** In charge of naming what one structured query works with. */
import type { RecordQuery } from "@postern/sdk/protocol";
import type pg from "pg";
import type { ClientLimits, Limits } from "../base/config.ts";
import type { QueryTarget } from "../query/query-service.ts";
import type { CompiledRecords } from "./compile-records.ts";
import type { RecordContext } from "./record-context.ts";
import type { Relation } from "./relation.ts";
import type { AttemptWriter } from "./write-attempts.ts";

/** Who asks which database, and what it takes to answer. */
export interface RecordCall {
  context: RecordContext;
  target: QueryTarget;
  requestId: string;
  attempts: AttemptWriter;
  withAdmin<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result>;
  limits: { limits: Limits; clientLimits: ClientLimits };
}

export interface PreparedRecords {
  query: RecordQuery;
  relation: Relation;
  compiled: CompiledRecords;
}
