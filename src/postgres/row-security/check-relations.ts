/** In charge of what is wrong with tables and views that clients reach, their policies aside. */
import { readableName } from "../readable-identifier.ts";
import { type ClientRole, clientRoles, type RowSecurityFinding } from "./finding.ts";
import type { RelationFacts, RowSecurityCatalog } from "./read-catalog.ts";

export const isTable = ({ kind }: RelationFacts): boolean => kind === "r" || kind === "p";

/** Clients that may read it or change its rows. */
export const reachedBy = (relation: RelationFacts): ClientRole[] =>
  clientRoles.filter((role) => relation.privileges[role].some(({ privilege }) => privilege !== "truncate"));

export const nameRoles = (roles: readonly ClientRole[]): string => roles.join(" and ");

export function checkRelations(catalog: RowSecurityCatalog): RowSecurityFinding[] {
  const byOid = new Map(catalog.relations.map((relation) => [relation.oid, relation]));
  return catalog.relations.flatMap((relation) => {
    const roles = reachedBy(relation);
    const truncate = checkTruncate(relation);
    if (roles.length === 0) return truncate;
    if (isTable(relation)) return [...checkTable(relation, roles), ...truncate, ...checkSequences(relation)];
    if (relation.kind === "v") return checkView(relation, roles, byOid, catalog.server_version);
    return [withoutRowSecurity(relation, roles)];
  });
}

function checkTable(table: RelationFacts, roles: ClientRole[]): RowSecurityFinding[] {
  const name = readableName(table);
  const object = `table ${readableName(table)}`;
  if (!table.row_security) {
    return [
      {
        rule: "row_security_off",
        severity: "error",
        object,
        why: `${nameRoles(roles)} can ${describePrivileges(table, roles)}, and row security is off: every client reaches every row.`,
        mend: `alter table ${name} enable row level security;`,
      },
    ];
  }
  if (table.policies.length > 0) return [];
  return [
    {
      rule: "no_policy",
      severity: "info",
      object,
      why: "Row security is on and there is no policy: clients see no row and can write none.",
      mend: null,
    },
  ];
}

function describePrivileges({ privileges }: RelationFacts, roles: readonly ClientRole[]): string {
  const all = roles.flatMap((role) => privileges[role].map(({ privilege }) => privilege));
  return [...new Set(all)].join(", ");
}

/** TRUNCATE asks no policy. */
function checkTruncate(table: RelationFacts): RowSecurityFinding[] {
  const roles = clientRoles.filter((role) =>
    table.privileges[role].some(({ privilege }) => privilege === "truncate"),
  );
  if (!isTable(table) || roles.length === 0) return [];
  return [
    {
      rule: "truncate_granted",
      severity: "warning",
      object: `table ${readableName(table)}`,
      why: `${nameRoles(roles)} may TRUNCATE it, which empties the table whatever its policies say.`,
      mend: `revoke truncate on ${readableName(table)} from public, ${roles.join(", ")};`,
    },
  ];
}

function checkSequences(table: RelationFacts): RowSecurityFinding[] {
  return table.sequences.flatMap((sequence) => {
    const roles = clientRoles.filter(
      (role) =>
        table.privileges[role].some(({ privilege }) => privilege === "insert") &&
        !sequence.usable_by.includes(role),
    );
    if (roles.length === 0) return [];
    return [
      {
        rule: "sequence_not_granted",
        severity: "info" as const,
        object: `sequence ${readableName(sequence)}`,
        why: `${nameRoles(roles)} may insert into ${readableName(table)} and may not use the sequence of its column ${sequence.column}: inserts without a value for it fail.`,
        mend: `grant usage on sequence ${readableName(sequence)} to ${roles.join(", ")};`,
      },
    ];
  });
}

function checkView(
  view: RelationFacts,
  roles: ClientRole[],
  byOid: ReadonlyMap<number, RelationFacts>,
  serverVersion: number,
): RowSecurityFinding[] {
  if (view.security_invoker) return [];
  const read = [...tablesBehind(view, byOid)].filter(({ row_security }) => row_security);
  if (read.length === 0) return [];
  const canAskAsCaller = serverVersion >= 150_000;
  return [
    {
      rule: "view_past_row_security",
      severity: "error",
      object: `view ${readableName(view)}`,
      why: `${nameRoles(roles)} can use it, and it reads ${read.map(readableName).join(", ")} as its owner: the policies there do not count.`,
      mend: canAskAsCaller
        ? `alter view ${readableName(view)} set (security_invoker = true);`
        : `revoke all on ${readableName(view)} from public, ${roles.join(", ")};`,
    },
  ];
}

/** Whatever stands between: a view that another reads runs as the outer one's owner. */
function tablesBehind(
  { reads }: RelationFacts,
  byOid: ReadonlyMap<number, RelationFacts>,
  seen = new Set<RelationFacts>(),
): Set<RelationFacts> {
  for (const oid of reads) {
    const relation = byOid.get(oid);
    if (!relation || seen.has(relation)) continue;
    seen.add(relation);
    if (!isTable(relation)) tablesBehind(relation, byOid, seen);
  }
  return seen;
}

function withoutRowSecurity(relation: RelationFacts, roles: ClientRole[]): RowSecurityFinding {
  const kind = relation.kind === "m" ? "materialized view" : "foreign table";
  return {
    rule: "no_row_security_possible",
    severity: "warning",
    object: `${kind} ${readableName(relation)}`,
    why: `${nameRoles(roles)} can read it, and a ${kind} has no row security.`,
    mend: `revoke all on ${readableName(relation)} from public, ${roles.join(", ")};`,
  };
}
