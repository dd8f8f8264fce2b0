/** In charge of looking behind Postern's back: what is really on the servers and on the disk. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { waitUntil } from "./wait-until.ts";

/** Names of users' databases (and parts of such) on a server, whoever knows of them. */
export async function listServerDatabases(home: string, server: string): Promise<string[]> {
  return query(
    home,
    server,
    "select datname as name from pg_database where datname like 'db\\_%' order by 1",
  );
}

/** The same once what was replaced is gone, which nobody waits for. */
export async function listSettledDatabases(home: string, server: string): Promise<string[]> {
  let names: string[] = [];
  await waitUntil("replaced databases are dropped", async () => {
    names = await listServerDatabases(home, server);
    return !names.some((name) => /_old_[0-9a-f]{12}$/.test(name));
  });
  return names;
}

/** Names of roles of tenants on a server. */
export async function listServerRoles(home: string, server: string): Promise<string[]> {
  return query(home, server, "select rolname as name from pg_roles where rolname like 'db\\_%' order by 1");
}

/** Folders of instances of one database. */
export async function listInstanceFolders(home: string): Promise<string[]> {
  return (await readdir(join(home, "instances"))).filter((name) => name.startsWith("ins-")).sort();
}

/** Files of backups, finished or not. */
export async function listBackupFiles(home: string): Promise<string[]> {
  const entries = await readdir(join(home, "backups"), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

async function query(home: string, server: string, sql: string): Promise<string[]> {
  const client = new pg.Client({
    host: join(home, "run", server),
    port: 5432,
    user: "postern_admin",
    database: "postgres",
  });
  await client.connect();
  try {
    return (await client.query<{ name: string }>(sql)).rows.map((row) => row.name);
  } finally {
    await client.end();
  }
}
