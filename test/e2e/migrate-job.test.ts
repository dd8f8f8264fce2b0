import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { column } from "../support/migration-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let postern: PosternHome;
let url: string;
let database: string;
let directory: string;

beforeAll(async () => {
  [server, postern] = await Promise.all([startTestServer(), createPosternHome()]);
  database = await server.createDatabase();
  url = `postgres://test_admin@localhost/${database}?host=${encodeURIComponent(server.socketDirectory)}`;
  directory = join(postern.project, "job");
  await mkdir(directory);
  await writeFile(join(directory, "001_users.sql"), "create table users (id int);");
});
afterAll(() => Promise.all([postern.close(), server.stop()]));

const job = (env: Record<string, string>, ...args: string[]) =>
  postern.run(["db", "migrate", "--ci", ...args], { environment: { MIGRATIONS_DIR: directory, ...env } });

it("a job needs nothing but DATABASE_URL and MIGRATIONS_DIR: no daemon, no project", async () => {
  expect(await job({ DATABASE_URL: url }, "--json")).toMatchObject({ code: 0 });
  const client = await server.connect({ database });
  expect(await column(client, "select name from postern.schema_migrations")).toEqual(["001_users.sql"]);
  expect(await job({ DATABASE_URL: url })).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("1 migration already applied"),
  });
});

it("takes DIRECT_URL where there is one", async () => {
  expect(await job({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/x", DIRECT_URL: url })).toMatchObject({
    code: 0,
  });
});

it("waits for a server that does not answer, for as long as it is told, and ends with 9", async () => {
  const end = await job({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/x" }, "--wait", "1s");
  expect(end).toMatchObject({
    code: 9,
    stderr: expect.stringMatching(/Waiting for the database.*within 1 s/s),
  });
});

it("ends with 2 without a database, and with 7 for a file that fails", async () => {
  expect(await job({})).toMatchObject({ code: 2, stderr: expect.stringContaining("DATABASE_URL") });
  await writeFile(join(directory, "002_bad.sql"), "select nope;");
  expect(await job({ DATABASE_URL: url }, "--json")).toMatchObject({ code: 7 });
});

it("the lint ends with 8 in CI and needs no database", async () => {
  await writeFile(join(directory, "002_bad.sql"), "-- postern:allow drop_table\ndrop table users;");
  const end = await postern.run(["db", "migrate", "--lint", "--dir", "job"], { environment: { CI: "1" } });
  expect(end).toMatchObject({ code: 8 });
  expect(end.stdout).toContain("002_bad.sql:2:1  error  drop_table");
  const json = await postern.run(["db", "migrate", "--lint", "--dir", "job", "--since", "001", "--json"]);
  expect(json).toMatchObject({ code: 0 });
  expect(JSON.parse(json.stdout).map(({ rule }: { rule: string }) => rule)).toEqual([
    "allow_without_reason",
    "drop_table",
    "lock_timeout_missing",
  ]);
});
