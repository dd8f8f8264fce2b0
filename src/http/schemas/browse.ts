/** In charge of the schemas of looking into a database: which rows, and what is answered of tables and values. */
import type {
  BrowseIdentity,
  Catalog,
  CellRequest,
  CellValue,
  RowCount,
  RowEditPreview,
  RowEditRequest,
  RowEditResult,
  RowExportRequest,
  RowPage,
  RowPageRequest,
  RowSelection,
  TableDetail,
} from "@postern/sdk/protocol";
import { z } from "zod";

const name = z.string().min(1).max(255);
export const tableName = z.strictObject({ schema: name, name });
const jsonValue = z.custom<NonNullable<Extract<BrowseIdentity, { subject: string }>["claims"]>[string]>();

const identity = z
  .union([
    z.strictObject({ anonymous: z.literal(true) }),
    z.strictObject({
      subject: z
        .string()
        .min(1)
        .max(255)
        .regex(/^[^\x00-\x1f\x7f]*$/),
      claims: z.record(z.string(), jsonValue).optional(),
    }),
  ])
  .describe(
    "Whose rights count, as row security sees them; the owner's when absent.",
  ) satisfies z.ZodType<BrowseIdentity>;

const filters = z
  .array(
    z.strictObject({
      column: name,
      op: z.enum(["eq", "neq", "gt", "lt", "gte", "lte", "like", "contains", "in", "is_null"]),
      value: z.union([z.string(), z.array(z.string()).max(1_000)]).optional(),
    }),
  )
  .max(50)
  .optional()
  .describe('All must hold. Values are texts; a list for `in`; `is_null` with "false" finds the others.');

const selection = {
  table: tableName,
  filters,
  where: z.string().max(10_000).optional().describe("One expression in SQL that must hold as well."),
  as: identity.optional(),
};
const columns = z.array(name).min(1).max(1_600).optional().describe("All when absent.");
const order = z
  .array(z.strictObject({ column: name, direction: z.enum(["asc", "desc"]).optional() }))
  .max(16)
  .optional()
  .describe("By primary key where nothing is said.");

export const rowSelection = z.strictObject(selection) satisfies z.ZodType<RowSelection>;
export const rowPageRequest = z.strictObject({
  ...selection,
  columns,
  order,
  limit: z.int().min(1).max(500).optional(),
  after: z.string().max(8_000).optional().describe("`next` of an earlier page in the same order."),
  offset: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe("Rows to pass over, one by one."),
}) satisfies z.ZodType<RowPageRequest>;
export const rowExportRequest = z.strictObject({
  ...selection,
  columns,
  order,
  format: z.enum(["csv", "ndjson"]),
}) satisfies z.ZodType<RowExportRequest>;
const key = z.record(name, z.string()).describe("Values of the primary key.");
export const cellRequest = z.strictObject({
  table: tableName,
  column: name,
  key,
  as: identity.optional(),
}) satisfies z.ZodType<CellRequest>;

const values = z.record(name, z.string().nullable());
export const rowEditRequest = z.strictObject({
  table: tableName,
  edits: z
    .array(
      z.discriminatedUnion("action", [
        z.strictObject({ action: z.literal("insert"), values }),
        z.strictObject({
          action: z.literal("update"),
          key,
          values,
          was: values.optional().describe("What was there; another value now fails everything."),
        }),
        z.strictObject({ action: z.literal("delete"), key }),
      ]),
    )
    .min(1)
    .max(500),
}) satisfies z.ZodType<RowEditRequest>;

const text = z.string();
export const catalog = z.object({
  schemas: z.array(text),
  tables: z.array(z.looseObject({ schema: text, name: text, kind: text })),
}) as unknown as z.ZodType<Catalog>;
export const tableDetail = z.looseObject({
  schema: text,
  name: text,
  ddl: text,
}) as unknown as z.ZodType<TableDetail>;
export const schemaDdl = z.object({ ddl: text });
export const rowPage = z
  .object({
    columns: z.array(text),
    rows: z.array(z.array(text.nullable())).describe("Each value's text, the beginning of long ones."),
    cut: z.array(z.tuple([z.int(), z.int()])).describe("Row and column of what is cut."),
    next: text.nullable(),
    more: z.boolean(),
    by: z.enum(["key", "offset"]),
  })
  .meta({ id: "RowPage" }) satisfies z.ZodType<RowPage>;
export const rowCount = z
  .object({
    exact: z.number().nullable().describe("Null: counting would have taken more than two seconds."),
    estimate: z.number().nullable(),
  })
  .meta({ id: "RowCount" }) satisfies z.ZodType<RowCount>;
export const cellValue = z
  .object({ value: text.nullable(), bytes: z.number(), cut: z.boolean() })
  .meta({ id: "CellValue" }) satisfies z.ZodType<CellValue>;
export const rowEditPreview = z.object({
  statements: z.array(text).describe("What would run, in one transaction."),
}) satisfies z.ZodType<RowEditPreview>;
export const rowEditResult = z.object({
  rows: z.int(),
  request_id: text.describe("Under which the log of changes has them."),
}) satisfies z.ZodType<RowEditResult>;
