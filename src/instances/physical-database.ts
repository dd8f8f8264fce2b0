/**
 * In charge of a database and its owner inside Postgres. The platform owns the database and the tenant owns what is in
 * it, so a tenant can neither let others in nor rename or drop it. Every function here is repeatable.
 */
import pg from "pg";
import { verifyPassword } from "../postgres/scram.ts";
import { templateDatabase } from "../runtime/server-template.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { clientRoles } from "./client-access.ts";
import { backupRole } from "./database-address.ts";
import { grantMembership } from "./grant-membership.ts";
import { isOnOwnServer } from "./is-on-own-server.ts";
import { isSuperuser, takeRole } from "./limited-role.ts";
import type { Platform } from "./platform.ts";
import { claimSpareDatabase } from "./spare-databases.ts";
import { withAdmin } from "./with-admin.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

/** Who logs in to a registered server has a password that the way there must know. */
type Place = Pick<Platform, "config"> & Partial<Pick<Platform, "gate" | "secrets">>;
type Tenant = Pick<
  DatabaseRow,
  "instance_id" | "database_name" | "role_name" | "scram_verifier" | "connection_limit" | "isolation"
> &
  Partial<Pick<DatabaseRow, "id" | "password_sealed">>;

/** The owner role, and the database from the template with what only this tenant may do and the limits it runs under. */
export async function createTenant(place: Place, tenant: Tenant): Promise<void> {
  await admitOwner(place, tenant);
  await withAdmin(place, tenant.instance_id!, "postgres", async (client) => {
    await makeOwner(client, tenant);
    await makeDatabase(client, tenant, tenant.database_name);
  });
  await grantContents(place, tenant, tenant.database_name);
}

/** On a registered server: a scratch owner's password is no user's, and follows from the instance's key. */
async function admitOwner({ gate, secrets }: Place, tenant: Tenant): Promise<void> {
  const { instance_id: instance, role_name: role, id, password_sealed: sealed } = tenant;
  if (!gate?.relay(instance!) || !secrets || !id || !sealed) return;
  const password = secrets.open(sealed, id);
  if (await verifyPassword(password, tenant.scram_verifier)) await gate.setLogin(instance!, role, [password]);
}

/** Another database for an owner that exists, under a name of its own until it takes the place of the first. */
export async function createPhysicalDatabase(
  place: Place,
  tenant: Tenant,
  databaseName: string,
): Promise<void> {
  await withAdmin(place, tenant.instance_id!, "postgres", (client) =>
    makeDatabase(client, tenant, databaseName),
  );
  await grantContents(place, tenant, databaseName);
}

/** With the password's verifier only: the password itself never reaches a server or its log. */
async function makeOwner(client: pg.Client, tenant: Tenant): Promise<void> {
  const owner = name(tenant.role_name);
  if (!(await roleExists(client, tenant.role_name))) {
    const isSuper = await isSuperuser(client);
    await client.query("begin");
    await client.query(
      `create role ${owner} login ${isSuper ? "bypassrls" : ""} connection limit ${Number(tenant.connection_limit)} password ${text(tenant.scram_verifier)}`,
    );
    if (!isSuper) await takeRole(client, tenant.role_name);
    await grantMembership(client, "postern_owner", tenant.role_name, { inherit: true, set: false });
    await client.query("commit");
  }
  // Whoever may enter which database of a registered server is a matter of its own rules.
  if (tenant.isolation === "external") return;
  // pg_hba admits a role to the database of its own name, or of a role that it is a member of: an owner whose name
  // was chosen by its user is a member, without any right, of a role that is named as the database is.
  if (tenant.role_name !== tenant.database_name && !(await roleExists(client, tenant.database_name))) {
    await makeDoorGroup(client, tenant);
  }
}

/** A role that is named as the database is, with its owner as a member; see `makeOwner`. */
export async function makeDoorGroup(
  client: pg.Client,
  { database_name: group, role_name: owner }: Pick<Tenant, "database_name" | "role_name">,
): Promise<void> {
  await client.query(`create role ${name(group)} nologin noinherit`);
  await grantMembership(client, group, owner, { inherit: false, set: false });
}

async function makeDatabase(client: pg.Client, tenant: Tenant, databaseName: string): Promise<void> {
  const database = name(databaseName);
  const owner = name(tenant.role_name);
  if (!(await databaseExists(client, databaseName)) && !(await claimSpareDatabase(client, databaseName))) {
    await client.query(`create database ${database} template ${templateDatabase} strategy wal_log`);
  }
  const limits = Object.entries(limitsOf(tenant, await isSuperuser(client))).map(
    ([setting, value]) => `alter role ${owner} in database ${database} set ${setting} = ${text(value)}`,
  );
  await client.query(`
    revoke all on database ${database} from public;
    grant connect, create, temporary on database ${database} to ${owner};
    grant connect on database ${database} to ${backupRole};
    ${limits.join(";\n")}`);
}

async function grantContents(place: Place, tenant: Tenant, databaseName: string): Promise<void> {
  const owner = name(tenant.role_name);
  await withAdmin(place, tenant.instance_id!, databaseName, (client) =>
    client.query(`
      alter schema public owner to ${owner};
      grant usage on schema postern to ${owner};
      grant select on all tables in schema postern to ${owner};
      grant execute on all functions in schema postern to ${owner};
      alter default privileges for role ${owner} revoke execute on functions from public`),
  );
}

/** Ends all sessions and drops the database. */
export async function dropPhysicalDatabase(
  place: Place,
  tenant: Pick<Tenant, "instance_id">,
  databaseName: string,
): Promise<void> {
  await withAdmin(place, tenant.instance_id!, "postgres", async (client) => {
    await client.query(`drop database if exists ${name(databaseName)} with (force)`);
  });
}

/** Drops the tenant's roles; its database must be gone. */
export async function dropOwner(place: Place, tenant: Tenant): Promise<void> {
  const { authenticated, anonymous } = clientRoles(tenant.database_name);
  const roles = [tenant.role_name, tenant.database_name, authenticated, anonymous];
  await dropReplacedOf(place, tenant.instance_id!, roles);
  await dropRoles(place, tenant.instance_id!, roles);
}

/** A database that was replaced a moment ago still holds what is its owner's. */
async function dropReplacedOf(place: Place, server: string, roles: readonly string[]): Promise<void> {
  await withAdmin(place, server, "postgres", async (client) => {
    const { rows } = await client.query<{ database: string }>(
      `select distinct d.datname as database
         from pg_shdepend s
         join pg_database d on d.oid = s.dbid
         join pg_roles r on r.oid = s.refobjid and s.refclassid = 'pg_authid'::regclass
        where r.rolname = any($1) and d.datname ~ '_old_[0-9a-f]{12}$'`,
      [roles],
    );
    for (const { database } of rows)
      await client.query(`drop database if exists ${name(database)} with (force)`);
  });
}

/** Those of them that exist. */
export async function dropRoles(place: Place, server: string, roles: readonly string[]): Promise<void> {
  await withAdmin(place, server, "postgres", async (client) => {
    const isSuper = await isSuperuser(client);
    for (const role of new Set(roles)) {
      if (!(await roleExists(client, role))) continue;
      if (!isSuper) await takeRole(client, role);
      await client.query(`drop owned by ${name(role)}; drop role ${name(role)}`);
      await place.gate?.setLogin(server, role, null);
    }
  });
}

export async function roleExists(client: pg.Client, role: string): Promise<boolean> {
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
  return rowCount === 1;
}

export async function databaseExists(client: pg.Client, databaseName: string): Promise<boolean> {
  const { rowCount } = await client.query("select from pg_database where datname = $1", [databaseName]);
  return rowCount === 1;
}

/** On the shared instance a runaway statement is everybody's; a server of its own is limited by its machine only. */
export function limitsOf(tenant: Pick<Tenant, "isolation">, isSuper = true): Record<string, string> {
  if (isOnOwnServer(tenant)) return { idle_in_transaction_session_timeout: "30min" };
  return {
    statement_timeout: "10min",
    idle_in_transaction_session_timeout: "5min",
    // Only a superuser may set it.
    ...(isSuper && { temp_file_limit: "1GB" }),
    max_parallel_workers_per_gather: "1",
  };
}
