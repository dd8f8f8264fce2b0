/** In charge of `postern db rls init`: the row security that is missing, as a migration or at once. */
import type { Scaffold, ScaffoldedTable } from "../../postgres/row-security/plan-scaffold.ts";
import type { RelationFacts } from "../../postgres/row-security/read-catalog.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import { shortPath } from "../migration-directory.ts";
import { printable } from "../table.ts";
import { writeMigration } from "../write-migration.ts";

export const run: CommandRun = async (context, input) => {
  const apply = input.flag("apply");
  const scaffold = await planAndApply(context, input, apply);
  const { sql } = scaffold;
  const file =
    apply || sql === "" ? null : await writeMigration(context.directory, input, "row_security", sql);
  tell(context, scaffold);
  if (sql === "") context.output.success("Nothing is missing");
  else if (file === null) context.output.success("Row security applied");
  else context.output.success(`Created ${shortPath(context.directory, file.path)}`);
  if (file !== null) context.output.talk("Read it, then run `postern db migrate`.");
  await context.output.print(toJson(scaffold, file, apply && sql !== ""), () => "");
  return undefined;
};

async function planAndApply(context: CliContext, input: CommandInput, apply: boolean): Promise<Scaffold> {
  const { planScaffold } = await import("../../postgres/row-security/plan-scaffold.ts");
  const { readRowSecurityCatalog } = await import("../../postgres/row-security/read-catalog.ts");
  return withPostgres(context, input, input.args[0], async (client) => {
    const scaffold = planScaffold(await readRowSecurityCatalog(client), {
      withGroups: input.flag("withGroups"),
      named: input.list("table"),
    });
    // Several statements in one query are one transaction.
    if (apply && scaffold.sql !== "") await client.query(scaffold.sql);
    return scaffold;
  });
}

function tell({ output }: CliContext, { tables, left }: Scaffold): void {
  for (const entry of tables) {
    output.talk(`  ${label(entry.table)}  ${describe(entry)}`);
    for (const note of entry.notes) output.talk(`      ${note}`);
  }
  for (const { table, reason } of left) output.talk(`  ${label(table)}  left as it is: ${reason}`);
}

const label = ({ schema, name }: RelationFacts): string => printable(`${schema}.${name}`);

function describe({ owner, group, tenant }: ScaffoldedTable): string {
  const parts = [
    ...(owner ? [`rows of the user in ${owner.name}`] : []),
    ...(group ? [`of the group in ${group.name}`] : []),
    ...(tenant ? [`of the tenant in ${tenant.name}`] : []),
  ];
  return parts.join(" and ");
}

const toJson = (scaffold: Scaffold, file: { name: string; path: string } | null, applied: boolean) => ({
  name: file?.name ?? null,
  path: file?.path ?? null,
  applied,
  tables: scaffold.tables.map(({ table, owner, group, tenant, notes }) => ({
    schema: table.schema,
    table: table.name,
    owner_column: owner?.name ?? null,
    group_column: group?.name ?? null,
    tenant_column: tenant?.name ?? null,
    notes,
  })),
  left: scaffold.left.map(({ table, reason }) => ({ schema: table.schema, table: table.name, reason })),
  sql: scaffold.sql,
});
