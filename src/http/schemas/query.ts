/** In charge of the schemas of SQL over HTTP. Answers are encoded elsewhere; theirs only describe. */
import type { QueryRequest, RowSecurityTestRequest, TransactionRequest } from "@postern/sdk/protocol";
import { z } from "zod";
import { errorBody } from "./respond.ts";

/** Any JSON value: a parameter's type is the business of Postgres. */
const jsonValue = z.custom<NonNullable<QueryRequest["params"]>[number]>();

export const queryRequest = z.strictObject({
  sql: z.string().describe("One statement, with `$1` to `$n` for the parameters."),
  params: z.array(jsonValue).optional(),
}) satisfies z.ZodType<QueryRequest>;

export const rowSecurityTestRequest = queryRequest.extend({
  subject: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\x00-\x1f\x7f]*$/)
    .optional()
    .describe("What `auth.uid()` is to be."),
  claims: z.record(z.string(), jsonValue).optional().describe("What `auth.jwt()` is to say beside it."),
  anonymous: z.boolean().optional().describe("As a client without a token, read-only; instead of `subject`."),
}) satisfies z.ZodType<RowSecurityTestRequest>;

export const transactionRequest = z.strictObject({
  statements: z.array(queryRequest).describe("Run in order; all or nothing."),
  isolation_level: z.enum(["read committed", "repeatable read", "serializable"]).optional(),
  read_only: z.boolean().optional(),
  deferrable: z.boolean().optional(),
}) satisfies z.ZodType<TransactionRequest>;

export const dataPlaneParams = z.object({ id: z.string().describe("`db-` and 12 hex digits.") });
export const dataPlaneQuery = z.object({
  rows: z.enum(["object", "array"]).optional().describe("Form of each row; `object` unless said otherwise."),
});

const field = z
  .object({ name: z.string(), type_oid: z.int(), type: z.string() })
  .meta({ id: "Field", description: "One column of a result." });
const row = z
  .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
  .meta({ id: "Row", description: "Values by column name, or an array of them with `?rows=array`." });

export const queryResult = z
  .object({ rows: z.array(row), fields: z.array(field), row_count: z.int() })
  .meta({ id: "QueryResult" });
export const queryLine = z
  .union([
    z.object({ fields: z.array(field) }),
    z.object({ row }),
    z.object({ row_count: z.int() }),
    z.object({ error: errorBody }),
  ])
  .meta({
    id: "QueryLine",
    description: "First the fields, then the rows, and at the end the number of rows or what went wrong.",
  });
export const executeResult = z
  .object({ rows_affected: z.int(), rows: z.array(row).optional(), fields: z.array(field).optional() })
  .meta({ id: "ExecuteResult" });
export const transactionResult = z
  .object({
    results: z.array(z.object({ rows: z.array(row), fields: z.array(field), rows_affected: z.int() })),
  })
  .meta({ id: "TransactionResult" });
