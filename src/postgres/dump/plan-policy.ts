/**
 * In charge of policies of row security for roles that do not exist here. A policy counts for the roles that it names and
 * no others, so a role that nobody can be is taken out of it without changing what anybody may do.
 */
import { splitStatements } from "../split-statements.ts";

export interface PolicyPlan {
  /** Null when every role it names is unknown here. */
  statement: string | null;
  unknownRoles: string[];
}

interface Role {
  name: string;
  byte: number;
}

/** @param sql one CREATE POLICY, as pg_dump writes it. */
export async function planPolicy(sql: string, exists: (role: string) => boolean): Promise<PolicyPlan> {
  const statements = await splitStatements(sql);
  const statement = statements.find(({ type }) => type === "CreatePolicyStmt");
  if (!statement) return { statement: sql, unknownRoles: [] };
  const { CreatePolicyStmt: policy } = statement.node as {
    CreatePolicyStmt: { roles?: { RoleSpec?: { rolename?: string; location?: number } }[] };
  };
  const roles: Role[] = (policy.roles ?? []).flatMap(({ RoleSpec: role }) =>
    role?.rolename === undefined ? [] : [{ name: role.rolename, byte: role.location ?? 0 }],
  );
  const unknown = roles.filter(({ name }) => !exists(name));
  const unknownRoles = unknown.map(({ name }) => name);
  if (unknown.length === 0) return { statement: statement.text, unknownRoles };
  if (unknown.length === (policy.roles ?? []).length) return { statement: null, unknownRoles };
  return { statement: withoutRoles(statement.text, statement.startByte, roles, unknown), unknownRoles };
}

/** The list of roles stands between its first name and the end of its last one. */
function withoutRoles(text: string, startByte: number, roles: Role[], unknown: Role[]): string {
  const bytes = Buffer.from(text);
  const first = Math.min(...roles.map(({ byte }) => byte)) - startByte;
  const last = Math.max(...roles.map(({ byte }) => byte)) - startByte;
  const kept = roles
    .filter((role) => !unknown.includes(role))
    .map(({ name }) => `"${name.replaceAll('"', '""')}"`);
  const end = last + lengthOfName(bytes.toString("utf8", last));
  return Buffer.concat([
    bytes.subarray(0, first),
    Buffer.from(kept.join(", ")),
    bytes.subarray(end),
  ]).toString();
}

const lengthOfName = (text: string): number =>
  Buffer.byteLength(/^(?:"(?:[^"]|"")*"|[^\s,();]+)/.exec(text)?.[0] ?? "");
