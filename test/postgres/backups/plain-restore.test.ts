/** A backup without Postern: its file and Postgres's own pg_restore are all that is needed. */
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStorage } from "../../../src/backups/open-storage.ts";
import { type ProgramEnd, runProgram } from "../../../src/runtime/run-program.ts";
import { postgresProgram } from "../../../src/runtime/toolchain.ts";
import type { BackupRow } from "../../../src/state/backups.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { backupSteps, richDatabase } from "../../support/backup-steps.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { startTestServer, superuser, type TestServer } from "../../support/test-server.ts";

let fixture: PlatformFixture;
let bare: TestServer;
let row: DatabaseRow;
let backup: BackupRow;
beforeAll(async () => {
  [fixture, bare] = await Promise.all([startPlatformFixture(), startTestServer()]);
  row = await fixture.createDatabase();
  await sql(row, await richDatabase());
  await sql(row, "select postern.record_migration('001_first.sql', 'sum', 1, false)");
  backup = await backUp(row);
});
afterAll(async () => {
  await bare?.stop();
  await fixture?.close();
});

const { sql, backUp } = backupSteps(() => fixture);

async function pgRestore(
  server: TestServer,
  database: string,
  args: readonly string[],
  user = superuser,
): Promise<ProgramEnd> {
  const { platform } = fixture;
  const { stream } = await openStorage(platform, backup.store).open(backup.storage_key);
  return runProgram(
    postgresProgram(platform.toolchain, "pg_restore"),
    ["-h", server.socketDirectory, "-U", user, "-d", database, ...args],
    { account: platform.account, stdin: stream },
  );
}

/** Numbers that tell whether all is there. */
async function measure(client: Pick<pg.Client, "query">): Promise<unknown> {
  const { rows } = await client.query(`
    select (select count(*)::int from customers) as customers,
           (select md5(string_agg(c::text, ',' order by id)) from customers c) as content,
           (select count(*)::int from pg_policies) as policies,
           (select count(*)::int from pg_class c where relnamespace = 'public'::regnamespace) as relations,
           (select n::int from totals) as totals,
           (select sum(length(lo_get(oid)))::int from pg_largeobject_metadata) as large_objects,
           (select array_agg(extname::text order by extname) from pg_extension) as extensions,
           (select array_agg(name) from postern.schema_migrations) as migrations`);
  return rows[0];
}

test("pg_restore --clean --if-exists --no-owner --no-acl says nothing, and everything is there", async () => {
  const original = await fixture.connectAdmin(row);
  const expected = await measure(original);
  await original.end();
  const database = await bare.createDatabase();
  const client = await bare.connect({ database });
  // The second time over what is there.
  for (const time of ["first", "second"]) {
    const args = ["--clean", "--if-exists", "--no-owner", "--no-acl"];
    expect(await pgRestore(bare, database, args)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await measure(client), time).toEqual(expected);
  }
  await client.end();
});

test("policies hold there: without an identity authenticated sees no row", async () => {
  const database = await bare.createDatabase();
  await pgRestore(bare, database, ["--no-owner", "--no-acl"]);
  const client = await bare.connect({ database });
  await client.query(
    "grant usage on schema public to authenticated; grant select on customers to authenticated",
  );
  await client.query("grant usage on schema auth to authenticated");
  await client.query("set role authenticated");
  expect((await client.query("select id from customers")).rows).toEqual([]);
  await client.query("reset role");
  expect((await client.query("select auth.uid() as uid, auth.role() as role")).rows).toEqual([
    { uid: null, role: superuser },
  ]);
  await client.end();
});

test("where the restoring role may not create roles, only the policies that name them are missing", async () => {
  const other = await startTestServer();
  try {
    const admin = await other.connect();
    await admin.query("create role plain login");
    const database = await other.createDatabase({ owner: "plain" });
    const { exitCode, stderr } = await pgRestore(other, database, ["--no-owner", "--no-acl"], "plain");
    expect(exitCode).toBe(1);
    const errors = stderr.split("\n").filter((line) => line.includes("ERROR:"));
    expect(errors.map((line) => line.replace(/^.*ERROR: +/, "")).sort()).toEqual([
      'role "anon" does not exist',
      'role "authenticated" does not exist',
    ]);
    const client = await other.connect({ database });
    expect(await measure(client)).toMatchObject({
      customers: 200,
      policies: 0,
      migrations: ["001_first.sql"],
    });
  } finally {
    await other.stop();
  }
});
