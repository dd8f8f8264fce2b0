/**
 * In charge of the grants in a dump: which of them hold where it is restored. They name roles, and a role belongs to a
 * server and not to a database: the owner may be another one here, and some may not exist any more.
 */
import { splitStatements } from "../postgres/split-statements.ts";

export interface PrivilegePlan {
  /** To be run one by one. */
  statements: string[];
  /** Left out, because they name a role that does not exist here. */
  skipped: string[];
}

interface Role {
  name: string;
  /** Where its name stands, in bytes of the whole text. */
  byte: number;
}

/**
 * @param sql what pg_restore writes for entries of privileges.
 * @param owner whom the dumped database belonged to, and whom the restored one belongs to.
 */
export async function planPrivileges(
  sql: string,
  owner: { before: string; now: string },
  exists: (role: string) => boolean,
): Promise<PrivilegePlan> {
  const plan: PrivilegePlan = { statements: [], skipped: [] };
  for (const { type, node, text, startByte } of await splitStatements(withoutDirectives(sql))) {
    // Between them stand settings of the session. A grant that another role made is made by the owner here.
    if (type !== "GrantStmt" && type !== "AlterDefaultPrivilegesStmt") continue;
    const roles = rolesIn(node);
    const known = roles.every(({ name }) => name === owner.before || exists(name));
    if (known) plan.statements.push(renameOwner(text, startByte, roles, owner));
    else plan.skipped.push(text);
  }
  return plan;
}

/** The last one first, so that the places of the others stay true. */
function renameOwner(
  text: string,
  startByte: number,
  roles: Role[],
  owner: { before: string; now: string },
): string {
  let bytes = Buffer.from(text);
  const places = roles.filter((role) => role.name === owner.before).sort((a, b) => b.byte - a.byte);
  for (const { byte } of places) {
    const at = byte - startByte;
    // Names of owners are lower case letters, digits and _; quoted if they are words of SQL.
    const length = owner.before.length + (bytes[at] === 0x22 ? 2 : 0);
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(`"${owner.now}"`),
      bytes.subarray(at + length),
    ]);
  }
  return bytes.toString();
}

function rolesIn(node: unknown): Role[] {
  if (typeof node !== "object" || node === null) return [];
  const { RoleSpec: role } = node as { RoleSpec?: { rolename?: string; location?: number } };
  if (role?.rolename !== undefined) return [{ name: role.rolename, byte: role.location ?? 0 }];
  return Object.values(node).flatMap(rolesIn);
}

/** Commands to psql, which stand around the SQL that newer versions of pg_restore write. */
function withoutDirectives(sql: string): string {
  const end = sql.lastIndexOf("\n\\unrestrict ");
  return (end === -1 ? sql : sql.slice(0, end)).replace(/^\\restrict .*$/m, "");
}
