/** In charge of what a file opens to clients: grants to those without a token, tables without row security. */
import type { GrantStmt, Node, RoleSpec } from "libpg-query";
import type { LintDraft } from "./lint-rules.ts";
import { keyOf, stringsOf, tablesOf } from "./parse-nodes.ts";
import type { SchemaMemory } from "./schema-memory.ts";

/** Roles that clients reach the database as; PUBLIC is everyone, them too. */
const clients = new Set(["anon", "authenticated", "public"]);
const strangers = new Set(["anon", "public"]);

export function lintAccess(node: Node, memory: SchemaMemory): LintDraft[] {
  if ("GrantRoleStmt" in node && node.GrantRoleStmt.is_grant) {
    const to = rolesOf(node.GrantRoleStmt.grantee_roles).filter((role) => clients.has(role));
    if (to.length === 0) return [];
    return [
      {
        rule: "grant_to_clients",
        what: `Gives ${to.join(" and ")} another role.`,
        safeWay: "Grant the few privileges that clients need, table by table.",
      },
    ];
  }
  if ("AlterDefaultPrivilegesStmt" in node) {
    const action = node.AlterDefaultPrivilegesStmt.action ?? {};
    const opens = action.is_grant === true && action.objtype === "OBJECT_TABLE";
    if (opens && rolesOf(action.grantees).some((role) => clients.has(role))) memory.openByDefault = true;
    return lintGrant(action, "what will be made later");
  }
  return "GrantStmt" in node ? lintGrant(node.GrantStmt, objectsOf(node.GrantStmt)) : [];
}

function lintGrant(grant: GrantStmt, what: string): LintDraft[] {
  const to = rolesOf(grant.grantees).filter((role) => strangers.has(role));
  // USAGE of a schema shows nothing of what is in it.
  const onlyUsage =
    grant.objtype === "OBJECT_SCHEMA" &&
    (grant.privileges ?? []).length > 0 &&
    (grant.privileges ?? []).every((node) => "AccessPriv" in node && node.AccessPriv.priv_name === "usage");
  if (!grant.is_grant || to.length === 0 || onlyUsage) return [];
  return [
    {
      rule: "grant_to_clients",
      what: `Opens ${what} to ${to.join(" and ")}.`,
      safeWay:
        "GRANT … TO authenticated, with row security and policies; for what everyone may read, GRANT SELECT TO anon of that table alone and say so: -- postern:allow grant_to_clients everyone may read it",
    },
  ];
}

function objectsOf(grant: GrantStmt): string {
  if (grant.targtype === "ACL_TARGET_ALL_IN_SCHEMA")
    return `all of schema ${stringsOf(grant.objects).join(", ")}`;
  const tables = tablesOf(grant.objects).map(keyOf);
  return tables.length > 0 ? tables.join(", ") : (grant.objtype ?? "").replace("OBJECT_", "").toLowerCase();
}

/** Tables that a statement lets clients reach; whether they have row security is known at the end of the file. */
export function openedTables(node: Node, memory: SchemaMemory): string[] {
  if ("CreateStmt" in node && memory.openByDefault && node.CreateStmt.relation?.relpersistence !== "t")
    return [keyOf(node.CreateStmt.relation ?? {})];
  if (!("GrantStmt" in node)) return [];
  const { is_grant: isGrant, objtype, targtype, objects, grantees } = node.GrantStmt;
  if (!isGrant || objtype !== "OBJECT_TABLE" || !rolesOf(grantees).some((role) => clients.has(role)))
    return [];
  if (targtype !== "ACL_TARGET_ALL_IN_SCHEMA") return tablesOf(objects).map(keyOf);
  const schemas = new Set(stringsOf(objects));
  return [...memory.tables].filter((table) =>
    schemas.has(table.includes(".") ? table.split(".")[0]! : "public"),
  );
}

export const withoutRowSecurity = (table: string): LintDraft => ({
  rule: "row_security_off",
  what: `Lets clients reach ${table}, which has no row security.`,
  safeWay: `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY; in the same file, with policies: \`postern db rls init\` writes them.`,
});

const rolesOf = (roles: readonly Node[] | undefined): string[] =>
  (roles ?? []).flatMap((node) => ("RoleSpec" in node ? [roleName(node.RoleSpec)] : []));

const roleName = ({ roletype, rolename }: RoleSpec): string =>
  roletype === "ROLESPEC_PUBLIC" ? "public" : (rolename ?? "");
