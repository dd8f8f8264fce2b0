/**
 * In charge of a copied server becoming one of its own: other names for the database and its owner, another password,
 * and nothing left in it that opens the original or that the original's secrets open. Repeatable.
 */
import pg from "pg";
import type { DatabaseRow } from "../state/databases.ts";
import { clientRoles } from "./client-access.ts";
import { dropPhysicalDatabase, makeDoorGroup, roleExists } from "./physical-database.ts";
import type { Platform } from "./platform.ts";
import { withAdmin } from "./with-admin.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

type Names = Pick<DatabaseRow, "database_name" | "role_name">;
type Identity = Names & Pick<DatabaseRow, "scram_verifier" | "connection_limit">;

/** @param server holds a copy of `from`, which is `to` afterwards. Nobody else can reach it yet. */
export async function settleClone(
  place: Pick<Platform, "config">,
  server: string,
  from: Names,
  to: Identity,
): Promise<void> {
  await dropOthers(place, server, [from.database_name, to.database_name]);
  await withAdmin(place, server, "postgres", async (client) => {
    await renameDatabase(client, from.database_name, to.database_name);
    await client.query("begin");
    await renameRoles(client, from, to);
    await client.query(`
      alter role ${name(to.role_name)} with login password ${text(to.scram_verifier)}
        connection limit ${Number(to.connection_limit)} valid until 'infinity'`);
    await forgetPasswords(client, to.role_name);
    await client.query("commit");
  });
  await withAdmin(place, server, to.database_name, forgetClientKey);
}

/** A restore that was under way in the original has another database beside the first. */
async function dropOthers(
  place: Pick<Platform, "config">,
  server: string,
  kept: readonly string[],
): Promise<void> {
  const others = await withAdmin(place, server, "postgres", async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname like 'db\\_%' and datname <> all ($1)",
      [kept],
    );
    return rows.map((row) => row.name);
  });
  for (const other of others) await dropPhysicalDatabase(place, { instance_id: server as never }, other);
}

async function renameDatabase(client: pg.Client, before: string, after: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select datname as name from pg_database where datname = $1",
    [before],
  );
  if (before === after || rows.length === 0) return;
  // The copy may be of a moment at which the database was closed, for a restore's last step.
  await client.query(`alter database ${name(before)} with allow_connections true`);
  await client.query(`alter database ${name(before)} rename to ${name(after)}`);
}

/** Rights follow the roles, so whatever the owner and the clients may do stays as it is. */
async function renameRoles(client: pg.Client, from: Names, to: Names): Promise<void> {
  await renameRole(client, from.role_name, to.role_name);
  const before = clientRoles(from.database_name);
  const after = clientRoles(to.database_name);
  await renameRole(client, before.authenticated, after.authenticated);
  await renameRole(client, before.anonymous, after.anonymous);
  // An owner of another name than its database is a member of a role of that name: see physical-database.ts.
  const group = from.database_name;
  if (group !== to.database_name && group !== from.role_name && (await roleExists(client, group)))
    await client.query(`drop role ${name(group)}`);
  if (to.role_name === to.database_name || (await roleExists(client, to.database_name))) return;
  await makeDoorGroup(client, to);
}

async function renameRole(client: pg.Client, before: string, after: string): Promise<void> {
  if (before === after || !(await roleExists(client, before))) return;
  await client.query(`alter role ${name(before)} rename to ${name(after)}`);
}

/** Whoever else logged in to the original with a password does not do so here. */
async function forgetPasswords(client: pg.Client, owner: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select rolname as name from pg_authid where rolpassword is not null and rolname <> $1",
    [owner],
  );
  for (const role of rows) await client.query(`alter role ${name(role.name)} password null`);
}

/** Whoever opens client access here writes another key; until then no identity is believed. */
async function forgetClientKey(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('pg_postern.mac_key') is not null as there",
  );
  if (rows[0]!.there) await client.query("delete from pg_postern.mac_key");
}
