/** A statement as a client would run it: what it sees, what it may do, and that nothing of it stays. */
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { tryAsClient } from "../../../src/postgres/row-security/try-as-client.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
let database: string;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
  database = await server.createDatabase();
  const admin = await server.connect({ database });
  await admin.query(`
    create role anon nologin;
    create role authenticated nologin;
    create schema auth;
    grant usage on schema auth to public;
    create function auth.uid() returns text language sql stable as $$ select nullif(current_setting('app.sub', true), '') $$;
    create table todos (id int, user_id text);
    alter table todos enable row level security;
    create policy mine on todos for all to authenticated using (user_id = auth.uid());
    create policy seen on todos for select to anon using (id = 3);
    grant select, insert, update, delete on todos to authenticated, anon;
    insert into todos values (1, 'ann'), (2, 'bob'), (3, null);`);
  await admin.end();
});
afterAll(() => server.stop());
beforeEach(async () => {
  client = await server.connect({ database });
});

const attempt = async (subject: string | null, sql: string, params: string[] = []) => {
  const identify = async () => {
    await client.query("select set_config('app.sub', $1, true)", [subject ?? ""]);
  };
  const { rows, fields } = await tryAsClient(client, { sql, params, subject, identify });
  return rows.map((row) => Object.fromEntries(fields.map(({ name }, at) => [name, row[at]])));
};
const all = async () => (await client.query("select id from todos order by id")).rows.map(({ id }) => id);

it("sees what the user sees", async () => {
  expect(await attempt("ann", "select id from todos")).toEqual([{ id: 1 }]);
});

it("sees what a client without a token sees", async () => {
  expect(await attempt(null, "select id from todos where id > $1", ["0"])).toEqual([{ id: 3 }]);
});

it("has both of two columns with one name", async () => {
  const trial = { sql: "select 1 as a, 2 as a", params: [], subject: null, identify: async () => {} };
  expect((await tryAsClient(client, trial)).rows).toEqual([[1, 2]]);
});

it("shows what a change would do and takes it back", async () => {
  expect(await attempt("bob", "delete from todos returning id")).toEqual([{ id: 2 }]);
  expect(await all()).toEqual([1, 2, 3]);
});

it("lets a client without a token change nothing, whatever is granted", async () => {
  await expect(attempt(null, "delete from todos")).rejects.toMatchObject({ code: "25006" });
});

it.each([
  "commit",
  "select 1; commit",
  "create table t ()",
  "reset role",
  "do 'begin end'",
  "",
  "copy todos to stdout",
])("refuses %j, which is not one statement on rows", async (sql) => {
  await expect(attempt("ann", sql)).rejects.toMatchObject({ code: "42601" });
  expect((await client.query("select current_user = session_user as same")).rows).toEqual([{ same: true }]);
});

it("counts an error's position in what the user wrote", async () => {
  await expect(attempt("ann", "select nope from todos")).rejects.toMatchObject({
    code: "42703",
    position: "8",
  });
});

it("takes quotes in a parameter as a value", async () => {
  expect(await attempt("ann", "select $1::text as a", ["'); drop table todos; --\\"])).toEqual([
    { a: "'); drop table todos; --\\" },
  ]);
});

it("refuses to answer where auth.uid() does not take the identity", async () => {
  const trial = { sql: "select 1", params: [], subject: "ann", identify: async () => {} };
  await expect(tryAsClient(client, trial)).rejects.toMatchObject({ code: "Y3034" });
});
