/** `db reset` and `db wipe` as their users meet them, and what a kill -9 in the middle of one leaves. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CreatedDatabase, OperationInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { listSettledDatabases } from "../support/server-facts.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

vi.setConfig({ testTimeout: 240_000 });

let server: TestServer;
let postern: PosternHome;
let fixture: BackupFixture;

beforeAll(async () => {
  [server, postern] = await Promise.all([startTestServer(), createPosternHome()]);
  await postern.start();
  fixture = backupFixture(postern);
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
  await mkdir(join(postern.project, "migrations"));
  await write("001_users.sql", "create table users (id int);");
  await write("002_seed.sql", "insert into users values (1);");
});
afterAll(() => Promise.all([postern.close(), server.stop()]));

const write = (name: string, sql: string) => writeFile(join(postern.project, "migrations", name), sql);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it("resets and wipes a database by its name, after a confirmation that names the flag", async () => {
  const { id, token } = await fixture.create("shop");
  await fixture.rows(id, "create table drift (a int)");
  const unsure = await postern.run(["db", "reset", "shop"]);
  expect(unsure).toMatchObject({ code: 2, stdout: "" });
  expect(unsure.stderr).toContain("--yes");
  const end = await postern.run(["db", "reset", "shop", "--force"]);
  expect(end).toMatchObject({ code: 0 });
  expect(end.stdout).toMatch(/✓ 001_users\.sql {2}\d+ms\n {2}✓ 002_seed\.sql/);
  expect(end.stderr).toContain("✓ Reset database shop, 2 migrations applied");
  expect(await fixture.rows(id, "select to_regclass('drift') as drift, id from users")).toEqual([
    { drift: null, id: 1 },
  ]);
  expect(await postern.json(["db", "wipe", "--db-id", id, "--token", token, "--force"])).toEqual({
    database_id: id,
    snapshot_id: null,
    migrations: null,
  });
  expect(await fixture.rows(id, "select to_regclass('users') as users")).toEqual([{ users: null }]);
  const query = await fetch(`${postern.apiUrl()}/v1/db/${id}/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ sql: "select 1 as a" }),
  });
  expect(((await query.json()) as { rows: unknown }).rows).toEqual([{ a: 1 }]);
});

it("shows the migration that failed, leaves the data, and exits with 7", async () => {
  const { id } = await fixture.create("failing");
  await fixture.rows(id, "create table kept (a int)");
  await write("003_bad.sql", "select nope;");
  const end = await postern.run(["db", "reset", "failing", "--force"]);
  await write("003_bad.sql", "select 1;");
  expect(end.code).toBe(7);
  expect(end.stdout).toMatch(/✗ 003_bad\.sql +line 1: 42703/);
  expect(end.stderr).toContain("The database was left as it was");
  expect(await fixture.rows(id, "select to_regclass('kept')::text as kept")).toEqual([{ kept: "kept" }]);
});

it("resets and wipes any Postgres by its address", async () => {
  const database = await server.createDatabase();
  const url = `postgres://test_admin@localhost/${database}?host=${encodeURIComponent(server.socketDirectory)}`;
  const client = await server.connect({ database });
  await client.query("create schema other; create table other.t (a int)");
  await client.end();
  const unsure = await postern.run(["db", "wipe", "--url", url]);
  expect(unsure.code).toBe(2);
  const reset = await postern.run(["db", "reset", "--url", url, "--force"]);
  expect(reset).toMatchObject({ code: 0 });
  expect(reset.stderr).toContain("3 migrations applied");
  const again = await server.connect({ database });
  const look = "select to_regclass('other.t')::text as t, to_regclass('users')::text as users";
  expect((await again.query(look)).rows).toEqual([{ t: null, users: "users" }]);
  await again.end();
  const wiped = (await postern.json(["db", "wipe", "--url", url, "--force"])) as Record<string, unknown>;
  expect(wiped).toMatchObject({ left: [] });
  const last = await server.connect({ database });
  expect((await last.query(look)).rows).toEqual([{ t: null, users: null }]);
});

it("refuses its own databases by their address, and a folder without migrations", async () => {
  const { id } = await fixture.create("addressed");
  const { direct } = await fixture.urls(id);
  const refused = await postern.run(["db", "wipe", "--url", direct, "--force"]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("Y6030");
  const lost = await postern.run(["db", "reset", "addressed", "--force", "--dir", "nowhere"]);
  expect(lost).toMatchObject({ code: 2 });
  expect(lost.stderr).toContain("postern db wipe");
});

it("is finished by the next daemon after a kill -9 at any point, with nothing left half made", async () => {
  const { id, database } = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "killed" });
  const files = Array.from({ length: 4 }, (_, index) => ({
    name: `00${index + 1}_step.sql`,
    sql: `create table step_${index} (a int); select pg_sleep(0.05);`,
  }));
  for (const delayMs of [0, 40, 120, 250, 350, 450, 600]) {
    await fixture.rows(id, "create table if not exists old (a int)");
    const accepted = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/reset`, { files });
    await pause(delayMs);
    await postern.stop("SIGKILL");
    await postern.start();
    expect(await fixture.ended(accepted)).toMatchObject({ status: "completed", error: null });
    const { rows } = await fixture.asOwner(id, (client) =>
      client.query("select relname from pg_class where relnamespace = 'public'::regnamespace order by 1"),
    );
    expect(rows.map(({ relname }) => relname)).toEqual(["step_0", "step_1", "step_2", "step_3"]);
    const names = await listSettledDatabases(postern.home, "shared");
    expect(names.filter((name) => name.startsWith(database))).toEqual([database]);
  }
});
