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

beforeAll(async () => {
  [server, postern] = await Promise.all([startTestServer(), createPosternHome()]);
  database = await server.createDatabase();
  url = `postgres://test_admin@localhost/${database}?host=${encodeURIComponent(server.socketDirectory)}`;
  await mkdir(join(postern.project, "migrations"));
});
afterAll(() => Promise.all([postern.close(), server.stop()]));

const write = (name: string, sql: string) => writeFile(join(postern.project, "migrations", name), sql);

it("applies, shows and lists migrations of any Postgres, without a daemon", async () => {
  await write("001_users.sql", "create table users (id int);");
  await write("001_users.down.sql", "drop table users;");
  await write("002_index.sql", "create index concurrently users_id on users (id);");
  const plan = await postern.run(["db", "migrate", "--url", url, "--plan"]);
  expect(plan.stdout).toContain("002_index.sql  1 statement, without a transaction");

  const end = await postern.run(["db", "migrate", "--url", url]);
  expect(end).toMatchObject({ code: 0 });
  expect(end.stdout).toMatch(
    /✓ 001_users\.sql {2}\d+ms\n {2}✓ 002_index\.sql {2}\d+ms {2}without a transaction/,
  );
  expect(await postern.json(["db", "migrations", "--url", url])).toMatchObject([
    { name: "001_users.sql" },
    { name: "002_index.sql" },
  ]);
});

it("ends with 7 for a file that fails, and with 6 for one that was changed", async () => {
  await write("003_bad.sql", "create table half ();\nselect nope;");
  const failed = await postern.run(["db", "migrate", "--url", url]);
  expect(failed).toMatchObject({ code: 7 });
  expect(failed.stdout).toContain("✗ 003_bad.sql  line 2: 42703");
  await write("001_users.sql", "create table users (id bigint);");
  const changed = await postern.run(["db", "migrate", "--url", url]);
  expect(changed).toMatchObject({ code: 6 });
  expect(changed.stderr).toContain("001_users.sql was changed");
  const client = await server.connect({ database });
  expect(await column(client, "select to_regclass('half')")).toEqual([null]);
});

it("says how the schemas of two databases differ, by addresses alone, and exits with 8 where it is asked to", async () => {
  const [one, other] = [await server.createDatabase(), await server.createDatabase()];
  const urlOf = (name: string) => url.replace(`/${database}?`, `/${name}?`);
  const words = ["db", "schema", "--url", urlOf(one), "--diff", urlOf(other)];
  expect(await postern.run([...words, "--exit-code"])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("The schemas are the same"),
  });
  const client = await server.connect({ database: one });
  await client.query("create table users (id int primary key, email text); create index on users (email)");
  await client.end();
  const { code, stdout, stderr } = await postern.run([...words, "--exit-code"]);
  expect([code, stderr]).toEqual([8, expect.stringMatching(/\d+ differences/)]);
  expect(stdout).toMatch(/users/);
  expect(await postern.json(words)).toMatchObject({ different: true, lines: expect.any(Array) });
});
