/**
 * In charge of what Postern needs on a registered server: roles of its own, and the template of databases. All of it is
 * made by a role that registration makes, so that whoever changes the administrator's password disturbs nothing.
 */
import { createHash } from "node:crypto";
import pg from "pg";
import { hasCode } from "../../base/error.ts";
import { scramVerifier } from "../../base/secrets.ts";
import { readSql } from "../../postgres/read-sql.ts";
import { loginPassword } from "../../runtime/relay/login-password.ts";
import { templateDatabase } from "../../runtime/server-template.ts";
import { adminRole, backupRole } from "../database-address.ts";
import { isSuperuser, takeRole } from "../limited-role.ts";
import { databaseExists, roleExists } from "../physical-database.ts";
import type { Platform } from "../platform.ts";
import { serverMajor } from "../server-major.ts";
import { withAdmin } from "../with-admin.ts";
import { limitedSql, limitedTemplateSql } from "./limited-sql.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;
type Place = Pick<Platform, "config">;

/** Made where they are missing; what each is for is told in instance.sql and state-log.sql. */
const groups = ["anon", "authenticated", "postern_ident", "postern_owner", "postern_log"];
/** In a session of the registering administrator. Repeatable. Returns what will not work for lack of rights. */
export async function makeAdmin(client: pg.Client, loginKey: string, mark: string): Promise<string[]> {
  const isSuper = await isSuperuser(client);
  const verifier = await scramVerifier(loginPassword(loginKey, adminRole));
  const rights = isSuper ? "superuser" : "createdb createrole";
  const verb = (await roleExists(client, adminRole)) ? "alter" : "create";
  await client.query(`${verb} role ${adminRole} with login ${rights} password ${text(verifier)}`);
  await client.query(`comment on role ${adminRole} is ${text(mark)}`);
  if (isSuper) return [];
  const { rows } = await client.query<{ database: string }>("select current_database() as database");
  await attempt(client, `grant connect on database ${name(rows[0]!.database)} to ${adminRole}`);
  await attempt(client, `grant pg_monitor to ${adminRole}`);
  const warnings = [];
  for (const role of groups) {
    if (!(await roleExists(client, role))) continue;
    const isOurs = await attempt(client, `grant ${name(role)} to ${adminRole} with admin option`);
    if (!isOurs)
      warnings.push(`The role ${role} is there already and cannot be granted: client access does not work.`);
  }
  return warnings;
}

/** As Postern's own role there. Repeatable. */
export async function prepareServer(place: Place, server: string, loginKey: string): Promise<void> {
  await withAdmin(place, server, "postgres", async (client) => {
    const missing = [];
    for (const role of groups) if (!(await roleExists(client, role))) missing.push(role);
    if (await isSuperuser(client)) {
      await client.query(await instanceSql());
      const verifier = await scramVerifier(loginPassword(loginKey, backupRole));
      await client.query(`alter role ${backupRole} password ${text(verifier)}`);
    } else {
      for (const role of [...missing, backupRole])
        if (!(await roleExists(client, role))) await client.query(`create role ${name(role)} nologin`);
      for (const role of [...groups, backupRole]) await takeRole(client, role).catch(() => {});
    }
    await markGroups(client, missing);
  });
  await ensureTemplate(place, server);
}

/** What others have in the server's own databases is none of Postern's business. */
async function instanceSql(): Promise<string> {
  return (await readSql("instance")).replace(/^revoke connect, temporary on database .*$/m, "");
}

/** Made anew when it is of another version of Postern; databases that exist are completed as they are used. */
export async function ensureTemplate(place: Place, server: string): Promise<void> {
  await withAdmin(place, server, "postgres", async (client) => {
    const scripts = await templateScripts(await isSuperuser(client));
    const mark = createHash("sha256").update(scripts.join("")).digest("hex").slice(0, 12);
    // Two databases that are created at once want one template.
    await client.query("select pg_advisory_lock(hashtext('postern template'))");
    if ((await readMark(client)) === mark) return;
    if (await databaseExists(client, templateDatabase))
      await client.query(`alter database ${templateDatabase} with is_template false`);
    await client.query(`drop database if exists ${templateDatabase} with (force)`);
    await createEmpty(client, await serverMajor(client));
    await withAdmin(place, server, templateDatabase, async (template) => {
      await template.query("begin");
      for (const script of scripts) await template.query(script);
      await template.query("commit");
    });
    await client.query(`
      revoke all on database ${templateDatabase} from public;
      comment on database ${templateDatabase} is ${text(mark)}`);
    await client.query(`alter database ${templateDatabase} with is_template true allow_connections false`);
  });
}

/** The comment is written last, so a template that has it is whole. */
async function readMark(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ mark: string }>(
    `select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1 and not datallowconn`,
    [templateDatabase],
  );
  return rows[0]?.mark;
}

async function createEmpty(client: pg.Client, major: number): Promise<void> {
  const create = `create database ${templateDatabase} template template0 encoding 'UTF8'`;
  const locales =
    major >= 17 ? ["locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"] : ["locale 'C.UTF-8'"];
  for (const locale of [...locales, ""]) {
    try {
      await client.query(`${create} ${locale}`);
      return;
    } catch (error) {
      // The server's system has no such locale.
      if (locale === "" || !hasCode(error, "42809", "22023", "42704")) throw error;
    }
  }
}

async function templateScripts(isSuper: boolean): Promise<string[]> {
  const [ledger, dumpedRoles] = [await readSql("ledger"), await readSql("dumped-roles")];
  if (!isSuper)
    return [
      limitedTemplateSql,
      await limitedSql("identity"),
      ledger,
      dumpedRoles,
      await limitedSql("state-log"),
    ];
  return [
    await readSql("template"),
    await readSql("identity"),
    ledger,
    dumpedRoles,
    await readSql("state-log"),
  ];
}

/** As Postern's own role there: takes away what the server has of Postern's, but for that role. Repeatable. */
export async function clearServer(place: Place, server: string): Promise<void> {
  await withAdmin(place, server, "postgres", async (client) => {
    if (await databaseExists(client, templateDatabase))
      await client.query(`alter database ${templateDatabase} with is_template false`);
    await client.query(`drop database if exists ${templateDatabase} with (force)`);
    for (const role of [...groups, backupRole, "postern_pooler"]) {
      if (!(await roleExists(client, role))) continue;
      // Other applications have roles of these names, too.
      if (role.startsWith("postern_")) await attempt(client, `drop owned by ${role}; drop role ${role}`);
      else if (await isMarked(client, role)) await attempt(client, `drop role ${role}`);
    }
  });
}

/** In a session of the registering administrator, once all else is gone. Repeatable. */
export async function dropAdmin(client: pg.Client): Promise<void> {
  if (!(await roleExists(client, adminRole))) return;
  if (!(await isSuperuser(client))) await takeRole(client, adminRole);
  await client.query(`drop owned by ${adminRole}; drop role ${adminRole}`);
}

const madeHere = "made by Postern";

async function markGroups(client: pg.Client, roles: readonly string[]): Promise<void> {
  for (const role of roles) await attempt(client, `comment on role ${name(role)} is ${text(madeHere)}`);
}

async function isMarked(client: pg.Client, role: string): Promise<boolean> {
  const { rows } = await client.query<{ is: boolean }>(
    "select shobj_description(oid, 'pg_authid') = $2 as is from pg_roles where rolname = $1",
    [role, madeHere],
  );
  return rows[0]?.is === true;
}

async function attempt(client: pg.Client, sql: string): Promise<boolean> {
  return client.query(sql).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return false;
    },
  );
}
