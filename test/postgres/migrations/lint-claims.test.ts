/** What the lint says about locks and rewrites, held against what a server does. */
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lintMigrations } from "../../../src/migrations/lint/lint-migrations.ts";
import { readFiles, readHeldLocks, rewrittenOf } from "../../../src/migrations/watch-migration.ts";
import { filesOf } from "../../support/migration-fixture.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
let client: pg.Client;
const setUp = `create table users (id int not null, email varchar(20), note text);
  create table posts (id int primary key, author int);
  create unique index users_id on users (id);
  create materialized view counts as select count(*) from users;
  insert into users select n, 'e' || n, '' from generate_series(1, 10) n;`;

beforeAll(async () => {
  server = await startTestServer();
  client = await server.connect({ database: await server.createDatabase() });
  await client.query(setUp);
});
afterAll(() => server.stop());

/** Runs it, looks, and takes it back. */
async function watch(sql: string) {
  const before = await readFiles(client);
  await client.query("begin");
  try {
    await client.query(sql);
    const locks = await readHeldLocks(client, new Set(before.keys()));
    const rewritten = rewrittenOf(before, await readFiles(client)).map(({ relation }) => relation);
    return { blocks: Object.fromEntries(locks.map(({ relation, blocks }) => [relation, blocks])), rewritten };
  } finally {
    await client.query("rollback");
  }
}

async function lint(sql: string): Promise<string[]> {
  const files = filesOf({
    "001.sql": `${setUp}alter table users add check (1 = 1) not valid;`,
    "002.sql": sql,
  });
  const findings = await lintMigrations(files, { only: new Set(["002.sql"]), lockTimeoutGiven: true });
  return findings.map(({ rule }) => rule);
}

const users = "public.users";
const all = "reads and writes";

it.each([
  ["create index on users (note)", "index_not_concurrent", { [users]: "writes" }],
  ["drop index users_id", "index_drop_not_concurrent", { [users]: all }],
  ["reindex table users", "reindex_not_concurrent", { [users]: "writes" }],
  ["refresh materialized view counts", "refresh_not_concurrent", { "public.counts": all }],
  ["alter table users add unique (email)", "constraint_builds_index", { [users]: all }],
  [
    "alter table posts add foreign key (author) references users (id)",
    "foreign_key_validated",
    { [users]: "writes", "public.posts": "writes" },
  ],
  ["alter table users add check (id > 0)", "check_validated", { [users]: all }],
  ["alter table users alter email set not null", "set_not_null", { [users]: all }],
  ["alter table users drop column note", "drop_column", { [users]: all }],
  ["truncate users", "truncate", { [users]: all }],
  ["lock table users", "lock_table", { [users]: all }],
])("%s blocks as %s says", async (sql, rule, blocks) => {
  expect(await lint(sql)).toContain(rule);
  expect((await watch(sql)).blocks).toMatchObject(blocks);
});

it.each([
  ["alter table users add k uuid default gen_random_uuid()", "column_rewrites_table"],
  ["alter table users add k bigserial", "column_rewrites_table"],
  ["alter table users add k int generated always as identity", "column_rewrites_table"],
  ["alter table users add k int generated always as (id * 2) stored", "column_rewrites_table"],
  ["alter table users alter id type bigint", "column_type_change"],
  ["alter table users set unlogged", "table_rewrite"],
  ["cluster users using users_id", "table_rewrite"],
])("%s writes the table anew as %s says", async (sql, rule) => {
  expect(await lint(sql)).toContain(rule);
  expect(await watch(sql)).toMatchObject({ blocks: { [users]: all }, rewritten: [users] });
});

it.each([
  "alter table users add k timestamptz default now()",
  "alter table users add k int not null default 5",
  "alter table users alter email type text",
  "alter table users alter email type varchar(50)",
  "alter table users add constraint c check (id > 0) not valid",
])("%s, about which nothing is said, touches no row", async (sql) => {
  expect(await lint(sql)).toEqual([]);
  expect((await watch(sql)).rewritten).toEqual([]);
});

it("a foreign key that is not validated, and its validation, let the other table be read and written", async () => {
  const add = "alter table posts add constraint fk foreign key (author) references users (id) not valid";
  expect((await watch(add)).blocks[users]).toBe("writes");
  await client.query(add);
  const validated = await watch("alter table posts validate constraint fk");
  await client.query("alter table posts drop constraint fk");
  expect(validated.blocks).toEqual({ "public.posts": "changes of the schema", [users]: "nothing" });
});

it("those that lock_timeout_missing names wait for a reader that is still at it", async () => {
  const reader = await server.connect({ database: client.database! });
  await reader.query("begin; select from users");
  await client.query("set lock_timeout = '50ms'");
  for (const sql of [
    "alter table users add column a int",
    "drop table users",
    "truncate users",
    "drop index users_id",
    "create policy p on users",
    "alter table users enable row level security",
  ])
    await expect(client.query(sql), sql).rejects.toMatchObject({ code: "55P03" });
  await reader.query("rollback; begin; delete from users where id = 0");
  for (const sql of [
    "create index on users (note)",
    "create table t (a int references users (id))",
    "create trigger t before insert on users for each row execute function suppress_redundant_updates_trigger()",
  ])
    await expect(client.query(sql), sql).rejects.toMatchObject({ code: "55P03" });
  await client.query("set lock_timeout = 0");
  await reader.query("rollback");
});
