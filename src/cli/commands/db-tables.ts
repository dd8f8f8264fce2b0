/** In charge of `postern db tables`: a list of tables, or one of them with all that belongs to it. */
import { posternError } from "../../base/error.ts";
import { suggest } from "../../manifest/suggest.ts";
import type { SchemaObject } from "../../postgres/schema/read-schema.ts";
import type { TableFacts } from "../../postgres/schema/read-tables.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import { formatBytes } from "../format.ts";
import { readCurrentSchema } from "../read-current-schema.ts";
import { printable, renderGrid } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { readTables } = await import("../../postgres/schema/read-tables.ts");
  const wanted = input.text("table");
  const { tables, objects } = await withPostgres(context, input, input.args[0], async (client) => ({
    tables: await readTables(client),
    objects: wanted === undefined ? [] : await readCurrentSchema(client),
  }));
  return wanted === undefined
    ? showTables(context, tables)
    : showTable(context, findTable(tables, wanted), objects);
};

async function showTables({ output }: CliContext, tables: readonly TableFacts[]): Promise<undefined> {
  await output.print(tables, () =>
    tables.length === 0
      ? ""
      : renderGrid({
          columns: ["table", "kind", "columns", "rows", "size", "row security"],
          rows: tables.map(({ schema, name, kind, columns, estimated_rows, size_bytes, row_security }) => [
            schema === "public" ? name : `${schema}.${name}`,
            kind,
            columns,
            estimated_rows === null ? "-" : `~${Math.round(estimated_rows)}`,
            formatBytes(size_bytes),
            row_security ? "on" : "off",
          ]),
          rightAligned: [false, false, true, true, true],
        }),
  );
  if (tables.length === 0) output.talk("No tables yet.");
  return undefined;
}

/** @throws Y3030 Y3031 */
function findTable(tables: readonly TableFacts[], wanted: string): TableFacts {
  const found = tables.filter(({ schema, name }) => name === wanted || `${schema}.${name}` === wanted);
  const [table] = found;
  if (table && found.length === 1) return table;
  const exact = found.find(({ schema }) => schema === "public");
  if (exact) return exact;
  if (table) {
    throw posternError("Y3031", `There are several tables ${wanted}.`, {
      hint: `Name the schema: ${found.map(({ schema, name }) => `${schema}.${name}`).join(", ")}.`,
    });
  }
  const near = suggest(
    wanted,
    tables.map(({ schema, name }) => (schema === "public" ? name : `${schema}.${name}`)),
  );
  throw posternError("Y3030", `There is no table ${wanted}.`, {
    hint: near === undefined ? "`postern db tables` lists them." : `Did you mean "${near}"?`,
  });
}

async function showTable(
  { output }: CliContext,
  table: TableFacts,
  objects: readonly SchemaObject[],
): Promise<undefined> {
  const { readableName } = await import("../../postgres/readable-identifier.ts");
  const { renderSchemaList } = await import("../../postgres/schema/render-schema-list.ts");
  const full = readableName(table);
  const parts = objects.filter(
    (object) => object.table === full || (object.table === null && object.name === full),
  );
  await output.print({ ...table, objects: parts }, () => printable(renderSchemaList(parts).join("\n")));
  return undefined;
}
