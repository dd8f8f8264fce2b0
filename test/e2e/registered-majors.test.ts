/** Registered servers of each major that can be had here: databases on them are moved in, worked with, proven, and moved out again. */
import { join } from "node:path";
import type {
  BackupInfo,
  CreatedDatabase,
  DatabaseUrls,
  MutationRecord,
  RegisteredInstance,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import { PostgresMajors } from "../../src/runtime/postgres-majors.ts";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import { rowsOf } from "../support/session.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { testToolchain } from "../support/toolchain.ts";

vi.setConfig({ testTimeout: 240_000 });

const majors = new PostgresMajors(await testToolchain(), readConfig());
/** Also without a superuser, which is what hosted servers give. */
const cases = (await majors.list()).flatMap((major) =>
  (["superuser", "limited"] as const).map((role) => [major, role] as const),
);

let postern: PosternHome;
let fixture: BackupFixture;
let source: TestServer;
let sourceUrl: string;
const servers: RegisteredServer[] = [];

beforeAll(async () => {
  [postern, source] = await Promise.all([createPosternHome(), startTestServer()]);
  await postern.start();
  fixture = backupFixture(postern);
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
  const admin = await source.connect();
  await admin.query("create role hosted login");
  await admin.end();
  const database = await source.createDatabase({ owner: "hosted" });
  sourceUrl = `postgres://hosted@localhost/${database}?host=${encodeURIComponent(source.socketDirectory)}`;
  await rowsOf(
    sourceUrl,
    `create schema shop;
     create type shop.state as enum ('new', 'paid');
     create table shop.orders (id int primary key, state shop.state default 'new', body jsonb);
     insert into shop.orders select g, 'paid', jsonb_build_object('n', g) from generate_series(1, 500) g;
     create view shop.paid as select * from shop.orders where state = 'paid'`,
  );
}, 120_000);
afterAll(async () => {
  await postern.close();
  await Promise.all([source.stop(), ...servers.map((server) => server.stop())]);
}, 60_000);

const api = <Result>(method: string, path: string, body?: unknown, token?: string) =>
  postern.api<Result>(method, path, body, token);

describe.each(cases)("Postgres %s, by a role that is %s", (major, role) => {
  const name = `pg-${major}-${role}`;
  let db: CreatedDatabase;
  const sql = async (text: string) =>
    (await api<{ rows: unknown[] }>("POST", `/v1/db/${db.id}/query`, { sql: text }, db.token)).rows;

  it("is registered, and has a database that answers in all three ways", async () => {
    const server = await startRegisteredServer(role, {}, undefined, await majors.get(major));
    servers.push(server);
    const found = await api<RegisteredInstance>("POST", "/admin/managed-db/instances", {
      name,
      dsn: `${server.url()}?sslmode=verify-full`,
      ca: server.caText,
    });
    expect(found).toMatchObject({ status: "healthy", superuser: role === "superuser" });
    expect(found.version).toMatch(new RegExp(`^${major}\\.`));
    db = await api("POST", "/v1/databases", { name, instance: name });
    expect(await sql("select current_setting('server_version_num')::int / 10000 as major")).toEqual([
      { major: Number(major) },
    ]);
    const { pooled, direct } = await api<DatabaseUrls>("GET", `/v1/databases/${db.id}/urls`);
    for (const url of [pooled, direct.replace("require", "no-verify")])
      expect(await rowsOf(url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("is left as it was by an import that fails half-way", async () => {
    await sql("create schema shop");
    await sql("create table shop.paid (in_the_way int)");
    const end = await postern.run(["db", "import", name, sourceUrl, "--into-existing", "--json"]);
    expect(end.code).toBe(1);
    const { error } = JSON.parse(end.stderr);
    expect(error).toMatchObject({ code: "Y6036" });
    expect(error.detail).toContain('"paid" already exists');
    expect(
      await sql("select to_regclass('shop.orders') as orders, to_regtype('shop.state') as state"),
    ).toEqual([{ orders: null, state: null }]);
    await sql("drop schema shop cascade");
  });

  it("takes over another server's database, whole", async () => {
    const end = await postern.run(["db", "import", name, sourceUrl, "--json"]);
    expect(end.stderr).toBe("");
    expect(end.code).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({ tables: 1, rows: 500, verified: true });
    expect(await sql("select count(*)::int as n from shop.paid")).toEqual([{ n: 500 }]);
  });

  it("applies migrations, once", async () => {
    const files = [{ name: "001_notes.sql", sql: "create table notes (id int primary key, body text)" }];
    for (const applied of [1, 0])
      expect(
        (await fixture.completed(await api("POST", `/v1/databases/${db.id}/migrations`, { files }))).result,
      ).toMatchObject({ applied });
  });

  it("records changes", async () => {
    await api("PUT", `/v1/databases/${db.id}/state/tables`, { table: "notes" });
    await sql("insert into notes values (1, 'first')");
    await sql("update notes set body = 'second'");
    const { mutations } = await api<{ mutations: MutationRecord[] }>(
      "GET",
      `/v1/db/${db.id}/state/history?table=notes&id=1`,
      undefined,
      db.token,
    );
    expect(mutations).toHaveLength(2);
  });

  it("is backed up, proven, restored and branched", async () => {
    const backup = await fixture.backUp(db.id);
    await fixture.completed(await api("POST", `/v1/backups/${backup.id}/verify`));
    expect(await api<BackupInfo>("GET", `/v1/backups/${backup.id}`)).toMatchObject({
      verification: { status: "verified" },
    });
    await sql("drop table shop.orders cascade");
    await sql("delete from notes");
    const restored = await fixture.restore(db.id, { backup_id: backup.id, skip_safety_snapshot: true });
    expect(restored, JSON.stringify(restored.error)).toMatchObject({ status: "completed" });
    const all = "select (select count(*)::int from shop.paid) as paid, (select body from notes) as note";
    expect(await sql(all)).toEqual([{ paid: 500, note: "second" }]);
    const branch = await api<CreatedDatabase & { operation_id: string }>(
      "POST",
      `/v1/databases/${db.id}/branches`,
      { name: `${name}-b` },
    );
    await fixture.completed({ id: branch.operation_id });
    expect(await rowsOf((await fixture.urls(branch.id)).pooled, all)).toEqual([
      { paid: 500, note: "second" },
    ]);
  });

  it("is moved out again, as a dump that a database here takes", async () => {
    const file = join(postern.project, `${name}.dump`);
    const out = await postern.run(["db", "export", name, "-o", file, "--json"]);
    expect(out.stderr).toBe("");
    expect(out.code).toBe(0);
    const home = await fixture.create(`${name}-home`);
    const back = await postern.run(["db", "import", `${name}-home`, file, "--json"]);
    expect(back.stderr).toBe("");
    expect(back.code).toBe(0);
    expect(await fixture.rows(home.id, "select count(*)::int as n from shop.paid")).toEqual([{ n: 500 }]);
  });
});
