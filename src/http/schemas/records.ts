/** In charge of the schemas of structured queries. Answers are encoded elsewhere; theirs only describe. */
import type { EndedRequest, OpenRequest, OpenRequestInput, RecordQuery } from "@postern/sdk/protocol";
import { z } from "zod";

const jsonValue = z.custom<NonNullable<NonNullable<RecordQuery["filters"]>[number]["value"]>>();
const column = z.string().min(1);
const rowCount = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const data = z.record(column, jsonValue);

export const recordQuery = z.strictObject({
  table: z.string().min(1).describe("Its name, with the schema where that is not public: `app.users`."),
  operation: z.enum(["select", "insert", "update", "delete"]),
  filters: z
    .array(
      z.strictObject({
        column,
        op: z.enum(["eq", "neq", "gt", "lt", "gte", "lte", "like", "in", "is_null"]),
        value: jsonValue.optional(),
      }),
    )
    .max(100)
    .optional()
    .describe("All must hold."),
  columns: z
    .array(column)
    .optional()
    .describe("Of the answer; all when absent. An empty list after a write: no rows are answered."),
  data: z
    .union([data, z.array(data)])
    .optional()
    .describe("For insert and update; a list for insert."),
  limit: rowCount.optional(),
  offset: rowCount.optional(),
  order: z
    .array(z.strictObject({ column, direction: z.enum(["asc", "desc"]).optional() }))
    .max(32)
    .optional()
    .describe("By primary key where rows are counted off and nothing is said."),
  allow_all: z.boolean().optional().describe("Update or delete every row."),
}) satisfies z.ZodType<RecordQuery>;

export const recordRows = z
  .array(z.record(z.string(), z.unknown()))
  .meta({ id: "Records", description: "Rows, with their values by column; of a write the rows it wrote." });

export const openRequestInput = z.strictObject({
  isolation_level: z.enum(["read committed", "repeatable read", "serializable"]).optional(),
  read_only: z.boolean().optional(),
}) satisfies z.ZodType<OpenRequestInput>;

export const openRequest = z
  .object({
    id: z.string().describe("Names it in later calls; a secret."),
    request_id: z.string().describe("Under which its changes are logged."),
    idle_timeout_ms: z.int(),
    max_duration_ms: z.int(),
  })
  .meta({ id: "OpenRequest" }) satisfies z.ZodType<OpenRequest>;

export const endedRequest = z
  .object({ id: z.string(), request_id: z.string(), status: z.enum(["committed", "rolled_back"]) })
  .meta({ id: "EndedRequest" }) satisfies z.ZodType<EndedRequest>;
