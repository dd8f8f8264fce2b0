/** In charge of what row security a database still needs, as SQL that can be run any number of times. */
import { posternError } from "../../base/error.ts";
import { readableIdentifier, readableName } from "../readable-identifier.ts";
import { groupTables, hasGroupScaffold, renderGroupScaffold } from "./group-scaffold.ts";
import { renderIdentity } from "./identity-scaffold.ts";
import { findGroupColumn, findOwnerColumn, findTenantColumn, isNumberType } from "./owner-column.ts";
import type { ColumnFacts, RelationFacts, RowSecurityCatalog } from "./read-catalog.ts";
import { renderTableScaffold } from "./table-scaffold.ts";

export interface ScaffoldedTable {
  table: RelationFacts;
  owner: ColumnFacts | undefined;
  group: ColumnFacts | undefined;
  tenant: ColumnFacts | undefined;
  /** What to know about it. */
  notes: string[];
}

export interface Scaffold {
  tables: ScaffoldedTable[];
  /** Tables that stay as they are, and why. */
  left: { table: RelationFacts; reason: string }[];
  withGroups: boolean;
  /** Empty when nothing is missing. */
  sql: string;
}

export interface ScaffoldOptions {
  withGroups: boolean;
  /** Only these, `name` or `schema.name`, even where they have policies; all without any when empty. */
  named: readonly string[];
}

/** @throws Y3030 Y3031 Y3032 Y3033 (a table of that name that is not the scaffold's) */
export function planScaffold(catalog: RowSecurityCatalog, options: ScaffoldOptions): Scaffold {
  const { withGroups, named } = options;
  const all = catalog.relations.filter(({ kind, is_partition }) => "rp".includes(kind) && !is_partition);
  const chosen = named.length > 0 ? named.map((name) => findTable(all, name)) : all;
  const tables: Scaffold["tables"] = [];
  const left: Scaffold["left"] = [];
  for (const table of new Set(chosen)) {
    if (withGroups && groupTables.includes(readableName(table))) continue;
    const planned = planTable(table, withGroups);
    const reason = reasonToLeave(planned, named.length > 0);
    if (reason === undefined) tables.push(planned);
    else if (named.length > 0) throw refuse(planned, reason);
    else left.push({ table, reason });
  }
  const groupsMissing = withGroups && !hasGroupScaffold(catalog);
  return { tables, left, withGroups, sql: renderSql(catalog, tables, groupsMissing) };
}

function planTable(table: RelationFacts, withGroups: boolean): ScaffoldedTable {
  const owner = findOwnerColumn(table.columns);
  const group = withGroups ? findGroupColumn(table.columns) : undefined;
  const column = findTenantColumn(table.columns);
  const tenant = column === group ? undefined : column;
  const notes = [
    ...(owner && isNumberType(owner.type)
      ? [`${owner.name} is ${owner.type}: the subjects of tokens have to be numbers`]
      : []),
    ...(tenant && (owner ?? group)
      ? [`users may write any ${tenant.name} into their rows: only tenants' tokens are held to theirs`]
      : []),
  ];
  return { table, owner, group, tenant, notes };
}

function reasonToLeave(
  { table, owner, group, tenant }: ScaffoldedTable,
  isNamed: boolean,
): string | undefined {
  if (!isNamed && table.row_security && table.policies.length > 0) return "it has policies";
  if (!owner && !group && !tenant)
    return "no column says whose a row is (user_id, owner_id, created_by, tenant_id or the like)";
  return table.alterable ? undefined : "it belongs to another role";
}

function findTable(tables: readonly RelationFacts[], wanted: string): RelationFacts {
  const found = tables.filter((table) =>
    [table.name, `${table.schema}.${table.name}`, readableName(table)].includes(wanted),
  );
  const inPublic = found.filter(({ schema }) => schema === "public");
  const [table, ...others] = inPublic.length === 1 ? inPublic : found;
  if (!table) {
    throw posternError("Y3030", `There is no table ${wanted}.`, {
      hint: "`postern db rls` lists the tables.",
    });
  }
  if (others.length > 0) {
    throw posternError("Y3031", `${wanted} is the name of several tables.`, {
      hint: `Name its schema: ${found.map(readableName).join(", ")}.`,
    });
  }
  return table;
}

function refuse({ table, owner, group, tenant }: ScaffoldedTable, reason: string): Error {
  const name = readableName(table);
  if (owner || group || tenant) {
    return posternError("Y3032", `${name} cannot be altered: ${reason}.`, { hint: "Connect as its owner." });
  }
  return posternError("Y3032", `${name} cannot have policies of an owner: ${reason}.`, {
    hint: `Add one: alter table ${name} add column user_id text not null;`,
  });
}

function renderSql(
  catalog: RowSecurityCatalog,
  tables: readonly ScaffoldedTable[],
  groupsMissing: boolean,
): string {
  if (tables.length === 0 && !groupsMissing) return "";
  const uidType = catalog.uid_type ?? "text";
  const schemas = [...new Set(tables.map(({ table }) => table.schema))].toSorted();
  return [
    "-- Row security: clients reach their own rows only. This can be run again; it changes nothing then.",
    ...renderIdentity(
      catalog,
      tables.some(({ tenant }) => tenant !== undefined),
    ),
    ...(groupsMissing ? [renderGroupScaffold(catalog, uidType)] : []),
    ...schemas.map((schema) => `grant usage on schema ${readableIdentifier(schema)} to authenticated;`),
    ...tables.map((entry) => renderTableScaffold(entry, uidType)),
  ]
    .join("\n\n")
    .concat("\n");
}
