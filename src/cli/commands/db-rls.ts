/** In charge of `postern db rls`: tables, their policies, and what clients may do with them. */
import { type ClientRole, clientRoles } from "../../postgres/row-security/finding.ts";
import type { PrivilegeFacts, RelationFacts } from "../../postgres/row-security/read-catalog.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import type { Output } from "../output.ts";
import { printable, renderColumns, renderGrid } from "../table.ts";

interface ShownPolicy {
  name: string;
  command: string;
  permissive: boolean;
  roles: string[];
  using: string | null;
  with_check: string | null;
}

interface ShownTable {
  schema: string;
  table: string;
  row_security: "on" | "off" | "forced";
  policies: ShownPolicy[];
  privileges: Record<ClientRole, PrivilegeFacts[]>;
}

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const { readRowSecurityCatalog } = await import("../../postgres/row-security/read-catalog.ts");
  const { relations } = await withPostgres(context, input, input.args[0], readRowSecurityCatalog);
  const tables = relations.filter(({ kind }) => kind === "r" || kind === "p").map(show);
  await output.print(tables, () => render(tables, output));
  if (tables.length === 0) output.talk("No tables yet.");
  return undefined;
};

const show = ({ schema, name, row_security, forced, policies, privileges }: RelationFacts): ShownTable => ({
  schema,
  table: name,
  row_security: row_security ? (forced ? "forced" : "on") : "off",
  policies: policies.map(({ name: policy, command, permissive, roles, using, with_check }) => ({
    name: policy,
    command,
    permissive,
    roles,
    using,
    with_check,
  })),
  privileges,
});

function render(tables: readonly ShownTable[], output: Output): string {
  if (tables.length === 0) return "";
  const grid = renderGrid({
    columns: ["table", "row security", "policies", ...clientRoles],
    rows: tables.map(({ schema, table, row_security, policies, privileges }) => [
      `${schema}.${table}`,
      row_security,
      policies.length,
      ...clientRoles.map((role) => describePrivileges(privileges[role])),
    ]),
    rightAligned: [false, false, true],
  });
  const policies = tables.flatMap((table) => renderPolicies(table, output));
  return [grid, ...policies].join("\n\n");
}

/** `select, update (title)`; a dash for nothing. */
const describePrivileges = (privileges: readonly PrivilegeFacts[]): string =>
  privileges
    .map(({ privilege, columns }) => (columns ? `${privilege} (${columns.join(", ")})` : privilege))
    .join(", ") || "-";

function renderPolicies({ schema, table, policies }: ShownTable, { paint }: Output): string[] {
  if (policies.length === 0) return [];
  const lines = policies.map(({ name, command, permissive, roles, using, with_check }) => {
    const first = `  ${paint.bold(printable(name))}  ${command}${permissive ? "" : ", restrictive"}, to ${printable(roles.join(", "))}`;
    const expressions = renderColumns([
      ...(using === null ? [] : [["      using", printable(using)]]),
      ...(with_check === null ? [] : [["      with check", printable(with_check)]]),
    ]);
    return expressions === "" ? first : `${first}\n${expressions}`;
  });
  return [`Policies on ${printable(`${schema}.${table}`)}:\n${lines.join("\n")}`];
}
