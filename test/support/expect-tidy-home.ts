/**
 * In charge of the one question after any fault: is what is on the servers and on the disk what Postern's own tables tell,
 * no more and no less?
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseInfo } from "@postern/sdk/protocol";
import pg from "pg";
import { expect } from "vitest";
import type { PosternHome } from "./postern-home.ts";
import { listBackupFiles, listServerRoles, listSettledDatabases } from "./server-facts.ts";
import { withOwnTables } from "./sleeping-database.ts";

interface Known {
  databases: DatabaseInfo[];
  instances: { id: string; status: string }[];
  backupFiles: string[];
  openOperations: number;
  jobs: number;
}

export async function expectTidyHome(postern: PosternHome): Promise<void> {
  const known = await readKnown(postern);
  const { databases, instances } = known;
  expect(databases.filter(({ status }) => status !== "ready" && status !== "paused")).toEqual([]);
  const shared = databases.filter(({ isolation }) => isolation === "shared").map(({ database }) => database);
  const own = databases.filter(({ isolation }) => isolation === "process").map(({ database }) => database);
  expect(await listSettledDatabases(postern.home, "shared"), "databases of the shared server").toEqual(
    shared.sort(),
  );
  const roles = (await listServerRoles(postern.home, "shared")).filter((name) =>
    /^db_[0-9a-f]{12}$/.test(name),
  );
  expect(roles, "roles of the shared server").toEqual(shared);
  const servers = instances.map(({ id }) => id).filter((id) => id !== "shared");
  expect(servers, "own servers in Postern's tables").toHaveLength(own.length);
  expect(instances.filter(({ status }) => status !== "running")).toEqual([]);
  for (const folder of ["instances", "run"])
    expect(await listFolders(postern, folder), `${folder}/`).toEqual(servers.sort());
  // A database of the shared server gets an entry when it is held for the first time.
  const entries = await listPoolerEntries(postern);
  expect(
    entries.filter((name) => !shared.includes(name)),
    "entries of the pooler",
  ).toEqual(own.sort());
  expect(await listBackupFiles(postern.home), "files of backups").toEqual(known.backupFiles.sort());
  expect(await listParts(postern), "parts of something").toEqual([]);
  for (const server of ["shared", ...servers]) {
    if (!(await isUp(postern, server))) continue;
    expect(await listSlots(postern, server), `replication slots and subscriptions of ${server}`).toEqual([]);
  }
  expect(known.openOperations, "operations that go on").toBe(0);
  expect(known.jobs, "jobs in the queue").toBe(0);
}

const readKnown = (postern: PosternHome): Promise<Known> =>
  withOwnTables(postern, async (client) => {
    const one = async (sql: string) => Number((await client.query<{ n: string }>(sql)).rows[0]!.n);
    const files = await client.query<{ storage_key: string }>(
      "select storage_key from backups where status <> 'failed'",
    );
    return {
      databases: await postern.api<DatabaseInfo[]>("GET", "/v1/databases"),
      instances: (await client.query("select id, status from instances")).rows,
      backupFiles: files.rows.map(({ storage_key: key }) => key.slice(key.lastIndexOf("/") + 1)),
      openOperations: await one(
        "select count(*) as n from operations where status in ('pending', 'running')",
      ),
      jobs: await one("select count(*) as n from graphile_worker.jobs"),
    };
  });

const listFolders = async (postern: PosternHome, folder: string): Promise<string[]> =>
  (await readdir(join(postern.home, folder))).filter((name) => /^(ins-|tmp-|\.copy)/.test(name)).sort();

/** Of databases with a server of their own; those of the shared one need none. */
async function listPoolerEntries(postern: PosternHome): Promise<string[]> {
  const text = await readFile(join(postern.home, "pgbouncer", "databases.ini"), "utf8");
  return [...text.matchAll(/^"?(db_\w+)"? *=/gm)].map(([, name]) => name!).sort();
}

/** What is written aside before it takes its name. */
async function listParts(postern: PosternHome): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ["backups", "point-in-time", "run", "pgbouncer"]) {
    const entries = await readdir(join(postern.home, folder), { recursive: true });
    found.push(
      ...entries.filter((name) => /\.(partial|part|tmp|new)$/.test(name)).map((name) => join(folder, name)),
    );
  }
  return found;
}

const isUp = async (postern: PosternHome, server: string): Promise<boolean> =>
  postern.serverPid(server).then(
    () => true,
    () => false,
  );

async function listSlots(postern: PosternHome, server: string): Promise<unknown[]> {
  const client = new pg.Client({
    host: join(postern.home, "run", server),
    port: 5432,
    user: "postern_admin",
    database: "postgres",
  });
  await client.connect();
  const sql =
    "select slot_name as name from pg_replication_slots union all select subname from pg_subscription";
  return (await client.query(sql).finally(() => client.end())).rows;
}
