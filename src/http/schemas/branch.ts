/** In charge of the schemas of branches. */
import type {
  CreateBranchRequest,
  CreatedBranch,
  PromoteBranchRequest,
  SchemaDiff,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { databaseFields } from "./database.ts";

export const createBranchRequest = z.strictObject({
  name: z.string().optional().describe("1 to 63 characters of `a-z 0-9 _ -`; made up when absent."),
  ttl: z.string().optional().describe("For example `2h` or `7d`: after that it destroys itself."),
  backup_on_expiry: z.boolean().optional().describe("Make a last backup then."),
}) satisfies z.ZodType<CreateBranchRequest>;

export const promoteBranchRequest = z.strictObject({
  skip_safety_snapshot: z.boolean().optional().describe("Make no backup of the parent's old data."),
}) satisfies z.ZodType<PromoteBranchRequest>;

export const createdBranch = z
  .object({
    ...databaseFields,
    parent_id: z.string(),
    token: z.string().describe("64 hex digits; shown only now."),
    operation_id: z.string(),
    way: z
      .enum(["reflink", "copy", "snapshot", "dump"])
      .nullable()
      .describe(
        "Blocks shared with the parent's, copied byte by byte, the disk of its machine at one moment, or dumped and restored.",
      ),
  })
  .meta({ id: "CreatedBranch" }) satisfies z.ZodType<CreatedBranch>;

const named = z.object({ id: z.string(), name: z.string() });

export const schemaDiff = z
  .object({
    base: named,
    database: named,
    different: z.boolean(),
    changes: z.array(
      z.object({
        change: z.enum(["added", "removed", "changed"]),
        kind: z.string().describe("`table`, `column`, `index`, `policy`, `function`, `grant`, …"),
        name: z.string(),
        table: z.string().nullable().describe("The table that it is a part of."),
        before: z.string().nullable().describe("As SQL; null: it is not there."),
        after: z.string().nullable(),
      }),
    ),
    lines: z.array(z.string()).describe("For people: `+` new, `-` gone, `~` changed."),
  })
  .meta({ id: "SchemaDiff" }) satisfies z.ZodType<SchemaDiff>;
