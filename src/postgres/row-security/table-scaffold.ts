/** In charge of the SQL that gives one table the policies of its rows' owners. */
import { readableIdentifier, readableName } from "../readable-identifier.ts";
import { subjectFor, tenantDefaultFor, tenantFor } from "./owner-column.ts";
import type { ScaffoldedTable } from "./plan-scaffold.ts";

interface Policy {
  name: string;
  command: "all" | "select" | "insert" | "update" | "delete";
  using?: string;
  check?: string;
}

const groups = "(select membership.group_ids())";
const managed = "(select membership.managed_group_ids())";

export function renderTableScaffold(
  { table, owner, group, tenant }: ScaffoldedTable,
  uidType: string,
): string {
  const on = readableName(table);
  const policies = policiesOf(table.name, {
    mine: owner && `${readableIdentifier(owner.name)} = ${subjectFor(owner.type, uidType)}`,
    group: group && readableIdentifier(group.name),
    tenant: tenant && `${readableIdentifier(tenant.name)} = ${tenantFor(tenant.type)}`,
  });
  // Another run may have known another column: its policies would add to these.
  const stale = table.policies
    .map(({ name }) => name)
    .filter(
      (name) => scaffoldNames(table.name).includes(name) && !policies.some((policy) => policy.name === name),
    );
  const columns = [owner, group, tenant].filter((column) => column !== undefined).map(({ name }) => name);
  return [
    `-- ${on}: ${describe(owner?.name, group?.name, tenant?.name)}.`,
    `alter table ${on} enable row level security;`,
    ...(tenant && !tenant.has_default
      ? [
          `alter table ${on} alter column ${readableIdentifier(tenant.name)} set default ${tenantDefaultFor(tenant.type)};`,
        ]
      : []),
    ...stale.map((name) => `drop policy if exists ${readableIdentifier(name)} on ${on};`),
    ...policies.map((policy) => renderPolicy(on, policy)),
    `grant select, insert, update, delete on ${on} to authenticated;`,
    ...table.sequences.map(
      (sequence) => `grant usage on sequence ${readableName(sequence)} to authenticated;`,
    ),
    ...columns
      .filter((column) => !table.indexed_columns.includes(column))
      .map((column) => renderIndex(on, table.name, column)),
  ].join("\n");
}

function describe(owner: string | undefined, group: string | undefined, tenant: string | undefined): string {
  const ofTenant = tenant === undefined ? "" : `the tenant in ${tenant}`;
  if (owner === undefined && group === undefined) return `rows belong to ${ofTenant}`;
  return `${describeUsers(owner, group)}${ofTenant && `; ${ofTenant} reads and changes its own`}`;
}

function describeUsers(owner: string | undefined, group: string | undefined): string {
  if (owner === undefined) return `rows belong to the members of the group in ${group}`;
  if (group === undefined) return `rows belong to the user in ${owner}`;
  return `rows are read by the group in ${group}, and changed by the user in ${owner} and the group's managers`;
}

export function renderPolicy(on: string, { name, command, using, check }: Policy): string {
  const policy = readableIdentifier(name);
  return [
    `drop policy if exists ${policy} on ${on};`,
    `create policy ${policy} on ${on} for ${command} to authenticated`,
    ...(using === undefined ? [] : [`  using (${using})`]),
    ...(check === undefined ? [] : [`  with check (${check})`]),
  ]
    .join("\n")
    .concat(";");
}

const suffixes = ["owner", "group", "tenant", "read", "insert", "update", "delete"] as const;

/** Names have 63 bytes at most. */
const policyName = (table: string, suffix: (typeof suffixes)[number]): string =>
  `${Buffer.from(table)
    .subarray(0, 50)
    .toString()
    .replace(/\uFFFD$/, "")}_${suffix}`;

const scaffoldNames = (table: string): string[] => suffixes.map((suffix) => policyName(table, suffix));

function policiesOf(table: string, whose: Record<"mine" | "group" | "tenant", string | undefined>): Policy[] {
  const { tenant } = whose;
  const name = policyName(table, "tenant");
  // It adds to those of users: a tenant's token is no user, and a user's has no tenant.
  const ofTenant: Policy[] =
    tenant === undefined ? [] : [{ name, command: "all", using: tenant, check: tenant }];
  return [...policiesOfUsers(table, whose), ...ofTenant];
}

function policiesOfUsers(
  table: string,
  { mine, group }: Record<"mine" | "group", string | undefined>,
): Policy[] {
  const name = (suffix: (typeof suffixes)[number]) => policyName(table, suffix);
  if (group === undefined)
    return mine === undefined ? [] : [{ name: name("owner"), command: "all", using: mine, check: mine }];
  const member = `${group} in ${groups}`;
  if (mine === undefined) return [{ name: name("group"), command: "all", using: member, check: member }];
  // A row of no group is its user's alone. Who has left a group has left its rows, too.
  const write = `(${mine} and (${group} is null or ${member}))\n    or ${group} in ${managed}`;
  return [
    { name: name("read"), command: "select", using: `${member} or (${group} is null and ${mine})` },
    { name: name("insert"), command: "insert", check: `${mine} and (${group} is null or ${member})` },
    { name: name("update"), command: "update", using: write, check: write },
    { name: name("delete"), command: "delete", using: write },
  ];
}

/** A name of its own: an index that exists under a usual one may leave rows out. */
function renderIndex(on: string, table: string, column: string): string {
  const name = `${`${table}_${column}`.slice(0, 40)}_policy_idx`;
  return `create index if not exists ${readableIdentifier(name)} on ${on} (${readableIdentifier(column)});`;
}
