/** In charge of what is wrong with the policies of tables that clients reach. */
import { readableIdentifier, readableName } from "../readable-identifier.ts";
import { isTable, nameRoles, reachedBy } from "./check-relations.ts";
import type { ClientRole, RowSecurityFinding } from "./finding.ts";
import { findOwnerColumn, subjectFor } from "./owner-column.ts";
import type { PolicyFacts, RelationFacts, RowSecurityCatalog } from "./read-catalog.ts";
import { type ExpressionFacts, readExpression } from "./read-expression.ts";

interface ReadPolicy {
  table: RelationFacts;
  policy: PolicyFacts;
  /** Clients that the policy is for and that have a privilege it could allow. */
  roles: ClientRole[];
  using: ExpressionFacts | null;
  withCheck: ExpressionFacts | null;
  uidType: string;
}

export async function checkPolicies(catalog: RowSecurityCatalog): Promise<RowSecurityFinding[]> {
  const findings: RowSecurityFinding[] = [];
  for (const table of catalog.relations.filter(isTable)) {
    const reached = reachedBy(table);
    const read: ReadPolicy[] = [];
    for (const policy of table.policies) {
      const roles = reached.filter((role) => policy.applies_to.includes(role) && mayUse(table, policy, role));
      if (roles.length === 0) continue;
      const using = policy.using === null ? null : await readExpression(policy.using);
      const withCheck = policy.with_check === null ? null : await readExpression(policy.with_check);
      read.push({ table, policy, roles, using, withCheck, uidType: catalog.uid_type ?? "text" });
    }
    findings.push(
      ...read.flatMap((entry) => [
        ...checkUnread(entry),
        ...checkCalls(entry),
        ...checkAlwaysTrue(entry),
        ...checkMissing(entry),
      ]),
      ...checkIndexes(table, read),
    );
  }
  return findings;
}

const mayUse = ({ privileges }: RelationFacts, { command }: PolicyFacts, role: ClientRole): boolean =>
  command === "all" || privileges[role].some(({ privilege }) => privilege === command);

const describe = ({ table, policy }: ReadPolicy): string =>
  `policy ${readableIdentifier(policy.name)} on ${readableName(table)}`;

const nameInSql = ({ table, policy }: ReadPolicy): string =>
  `policy ${readableIdentifier(policy.name)} on ${readableName(table)}`;

/** Of a newer Postgres perhaps. Saying so is better than silence. */
function checkUnread(entry: ReadPolicy): RowSecurityFinding[] {
  const { policy, using, withCheck } = entry;
  if ((policy.using === null) === (using === null) && (policy.with_check === null) === (withCheck === null))
    return [];
  return [
    {
      rule: "expression_not_read",
      severity: "info",
      object: describe(entry),
      why: "Its expression could not be read, so it was not checked.",
      mend: null,
    },
  ];
}

function checkCalls(entry: ReadPolicy): RowSecurityFinding[] {
  const { using, withCheck } = entry;
  const calls = [...new Set([...(using?.perRowCalls ?? []), ...(withCheck?.perRowCalls ?? [])])];
  if (calls.length === 0) return [];
  const parts = [
    ...(using?.perRowCalls.length ? [`using (${using.wrapped})`] : []),
    ...(withCheck?.perRowCalls.length ? [`with check (${withCheck.wrapped})`] : []),
  ];
  return [
    {
      rule: "call_per_row",
      severity: "warning",
      object: describe(entry),
      why: `${calls.join(", ")} runs once for every row; in a subselect it runs once for the statement.`,
      mend: `alter ${nameInSql(entry)} ${parts.join(" ")};`,
    },
  ];
}

function checkAlwaysTrue(entry: ReadPolicy): RowSecurityFinding[] {
  const { policy, using, withCheck, roles, table } = entry;
  const { command, permissive } = policy;
  if (!permissive || !(using?.alwaysTrue || withCheck?.alwaysTrue)) return [];
  const owner = findOwnerColumn(table.columns);
  const allows = command === "all" ? writesOf(table, roles) : command === "select" ? [] : [command];
  const looksOwned = owner !== undefined && roles.includes("anon");
  if (allows.length === 0 && !looksOwned) return [];
  const what =
    allows.length > 0
      ? `It lets ${nameRoles(roles)} ${allows.join(", ")} any row`
      : `It shows every row to ${nameRoles(roles)}`;
  const whose = owner ? `, whoever its ${readableIdentifier(owner.name)} is` : "";
  return [
    {
      rule: "always_true",
      severity: allows.length > 0 && roles.includes("anon") ? "error" : "warning",
      object: describe(entry),
      why: `${what}${whose}: its expression is always true.`,
      mend: owner ? alterToOwn(entry, owner) : `drop ${nameInSql(entry)};`,
    },
  ];
}

/** Instead of true: the row is the caller's. */
function alterToOwn(entry: ReadPolicy, owner: { name: string; type: string }): string {
  const { using, withCheck, uidType } = entry;
  const own = `(${readableIdentifier(owner.name)} = ${subjectFor(owner.type, uidType)})`;
  const parts = [
    ...(using?.alwaysTrue ? [`using ${own}`] : []),
    ...(withCheck?.alwaysTrue ? [`with check ${own}`] : []),
  ];
  return `alter ${nameInSql(entry)} ${parts.join(" ")};`;
}

function writesOf({ privileges }: RelationFacts, roles: readonly ClientRole[]): string[] {
  const held = roles.flatMap((role) => privileges[role].map(({ privilege }) => privilege));
  return ["insert", "update", "delete"].filter((privilege) => held.includes(privilege));
}

function checkMissing(entry: ReadPolicy): RowSecurityFinding[] {
  const { policy, table, uidType } = entry;
  const { command, with_check: check, using } = policy;
  if (check !== null) return [];
  const owner = findOwnerColumn(table.columns);
  const own = owner && `(${readableIdentifier(owner.name)} = ${subjectFor(owner.type, uidType)})`;
  if (command === "insert" && policy.permissive) {
    return [
      {
        rule: "with_check_missing",
        severity: "warning",
        object: describe(entry),
        why: "It has no WITH CHECK, so it allows no insert at all.",
        mend: own ? `alter ${nameInSql(entry)} with check ${own};` : null,
      },
    ];
  }
  if (command !== "update" || using === null) return [];
  return [
    {
      rule: "with_check_missing",
      severity: "info",
      object: describe(entry),
      why: "It has no WITH CHECK: Postgres holds the changed row against USING, which only says which rows may be changed.",
      mend: `alter ${nameInSql(entry)} with check (${entry.using?.wrapped ?? using});`,
    },
  ];
}

function checkIndexes(table: RelationFacts, policies: readonly ReadPolicy[]): RowSecurityFinding[] {
  const compared = policies.flatMap(({ using }) => using?.comparedColumns ?? []);
  const missing = [...new Set(compared)].filter((column) => !table.indexed_columns.includes(column));
  return missing.map((column) => ({
    rule: "policy_column_without_index",
    severity: "warning" as const,
    object: `column ${readableName(table)}.${readableIdentifier(column)}`,
    why: "A policy compares it in every statement, and no index begins with it.",
    mend: `create index on ${readableName(table)} (${readableIdentifier(column)});`,
  }));
}
