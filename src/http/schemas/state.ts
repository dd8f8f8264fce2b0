/** In charge of the schemas of the log of changes. */
import type {
  ColumnBlame,
  MutationRecord,
  RequestMutations,
  RestoredRow,
  RestoreRowRequest,
  StateBlame,
  StateHistory,
  TrackedTable,
  TrackRequest,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { timestamp } from "./respond.ts";

const jsonValue = z.custom<ColumnBlame["value"]>();
const image = z.record(z.string(), jsonValue).nullable();
const table = z.string().min(1).max(200).describe("Its name, with the schema where that is not public.");
const id = z
  .string()
  .min(1)
  .max(1000)
  .describe("Value of the primary key; of several columns `region=eu,id=42` or a JSON object.");
const time = z.iso.datetime({ offset: true });

export const historyQuery = z.object({
  table,
  id: id.optional().describe("Without it, changes of the whole table."),
  since: time.optional(),
  until: time.optional(),
  request: z.string().min(1).max(128).optional().describe("Of this request only."),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe("The newest, at most so many."),
});
export const blameQuery = z.object({ table, id });

export const mutation = z
  .object({
    at: timestamp,
    request_id: z.string().nullable().describe("Null: not by a request."),
    table: z.string(),
    row_id: z.string().nullable().describe("Null for a table without a primary key."),
    operation: z.enum(["INSERT", "UPDATE", "DELETE", "TRUNCATE"]),
    old: image,
    new: image,
    changed: z.array(z.string()).nullable().describe("Columns that an UPDATE changed."),
    actor: z.string().describe("A user's subject, `owner`, or the role that logged in."),
    rolled_back: z.boolean().describe("It was tried, and did not last."),
  })
  .meta({ id: "Mutation" }) satisfies z.ZodType<MutationRecord>;

const mutations = z.array(mutation).describe("The oldest first.");
const more = z.boolean().describe("There are older ones than these.");

export const stateHistory = z
  .object({ table: z.string(), id: z.string().nullable(), mutations, more })
  .meta({ id: "StateHistory" }) satisfies z.ZodType<StateHistory>;

export const requestMutations = z
  .object({ request_id: z.string(), mutations, more })
  .meta({ id: "RequestMutations" }) satisfies z.ZodType<RequestMutations>;

export const stateBlame = z
  .object({
    table: z.string(),
    id: z.string(),
    exists: z.boolean().describe("False: the row is gone; the columns show what it was."),
    columns: z.array(
      z.object({
        column: z.string(),
        value: jsonValue,
        request_id: z.string().nullable(),
        actor: z.string().nullable(),
        at: timestamp.nullable().describe("Null: it stands as it did before anything was recorded."),
        rolled_back: z
          .object({ request_id: z.string().nullable(), actor: z.string(), at: timestamp, value: jsonValue })
          .nullable()
          .describe("A later attempt that was rolled back."),
      }),
    ),
  })
  .meta({ id: "StateBlame" }) satisfies z.ZodType<StateBlame>;

export const trackRequest = z.strictObject({
  table,
  mask: z
    .array(z.string().min(1))
    .optional()
    .describe("Columns whose values are not kept; absent: as it was."),
}) satisfies z.ZodType<TrackRequest>;

export const trackedTable = z
  .object({
    table: z.string(),
    captures: z
      .enum(["all", "records"])
      .describe("`all`: any way in; `records`: what comes through /records."),
    primary_key: z.array(z.string()),
    masked: z.array(z.string()),
  })
  .meta({ id: "TrackedTable" }) satisfies z.ZodType<TrackedTable>;

export const restoreRowRequest = z.strictObject({
  table,
  id,
  at: time.describe("The row is to be as it was at this moment."),
  write: z.boolean().optional().describe("Without it, only the change is shown."),
}) satisfies z.ZodType<RestoreRowRequest>;

export const restoredRow = z
  .object({
    table: z.string(),
    id: z.string(),
    at: z.string(),
    action: z.enum(["insert", "update", "delete", "none"]),
    changes: z.array(z.object({ column: z.string(), from: jsonValue, to: jsonValue })),
    left_out: z.array(z.object({ column: z.string(), reason: z.string() })),
    written: z.boolean(),
    request_id: z.string(),
  })
  .meta({ id: "RestoredRow" }) satisfies z.ZodType<RestoredRow>;
