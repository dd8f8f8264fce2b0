/** Emptying any Postgres by its address: what is one's own goes, what is others' stays. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyDatabase } from "../../../src/postgres/empty-database.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const admin = await server.connect();
  await admin.query("create role app login; create role other login");
  await admin.end();
});
afterAll(() => server.stop());

const content = `
  select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'v', 'm', 'S', 'p') order by 1`;

const everything = `
  create extension pgcrypto;
  create schema shop;
  create type shop.state as enum ('new', 'paid');
  create table shop.orders (id bigserial primary key, state shop.state not null);
  create table public.items (id int generated always as identity, order_id bigint references shop.orders);
  create view shop.paid as select * from shop.orders where state = 'paid';
  create materialized view counts as select count(*) from items;
  create function public.touch() returns trigger language plpgsql as 'begin return new; end';
  create trigger touch before update on items for each row execute function touch();
  create domain positive as int check (value > 0);
  create publication changes for table items;
  select lo_create(4711);`;

test("the owner of a database gets it as new: public is back, owned and granted as before", async () => {
  const database = await server.createDatabase({ owner: "app" });
  const client = await server.connect({ user: "app", database });
  const acl =
    "select nspacl::text, pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = 'public'";
  const before = (await client.query(acl)).rows;
  await client.query(everything);
  const other = await server.connect({ user: "app", database });
  const ended = new Promise((done) => other.once("end", done));
  expect(await emptyDatabase(client)).toMatchObject({ left: [] });
  await ended;
  expect((await client.query(content)).rows).toEqual([]);
  expect((await client.query("select extname from pg_extension")).rows).toEqual([{ extname: "plpgsql" }]);
  expect((await client.query("select from pg_largeobject_metadata")).rowCount).toBe(0);
  expect((await client.query("select from pg_publication")).rowCount).toBe(0);
  expect((await client.query(acl)).rows).toEqual(before);
  await client.query(everything);
  await emptyDatabase(client);
  await client.end();
});

test("in a schema of somebody else's only one's own things go, and the others' tables are named", async () => {
  const database = await server.createDatabase();
  const admin = await server.connect({ database });
  await admin.query(
    `grant create on schema public to app, other; grant create on database ${database} to app`,
  );
  const other = await server.connect({ user: "other", database });
  await other.query("create table theirs (id serial)");
  const client = await server.connect({ user: "app", database });
  await client.query(`
    create table mine (id serial); create view seen as select 1; create function f(int[]) returns int language sql as 'select 1';
    create type pair as (a int, b int); create domain d as int; create table part (a int) partition by list (a);
    create table part_1 partition of part for values in (1); create schema own; create table own.t (a int)`);
  expect(await emptyDatabase(client)).toMatchObject({ left: ["public.theirs"] });
  expect((await client.query(content)).rows.map(({ name }) => name)).toEqual([
    "public.theirs",
    "public.theirs_id_seq",
  ]);
  expect((await client.query("select from pg_proc where proname = 'f'")).rowCount).toBe(0);
  expect((await client.query("select from pg_type where typname in ('pair', 'd')")).rowCount).toBe(0);
  // The session of the other was not ended.
  expect((await other.query("select 1 as a")).rows).toEqual([{ a: 1 }]);
  for (const session of [admin, other, client]) await session.end();
});

test("an extension of somebody else's stays, with the schema that it is in", async () => {
  const database = await server.createDatabase({ owner: "app" });
  const admin = await server.connect({ database });
  await admin.query("create extension citext schema public");
  const client = await server.connect({ user: "app", database });
  await client.query("create table t (name citext)");
  await emptyDatabase(client);
  expect((await client.query(content)).rows).toEqual([]);
  expect((await client.query("select 'A'::citext = 'a' as same")).rows).toEqual([{ same: true }]);
  for (const session of [admin, client]) await session.end();
});

test("locks of somebody else's are not waited for without an end, and nothing is dropped then", async () => {
  const database = await server.createDatabase({ owner: "app" });
  const client = await server.connect({ user: "app", database });
  await client.query("create table busy (a int); create table idle (a int); grant select on busy to other");
  const other = await server.connect({ user: "other", database });
  await other.query("begin; select * from busy");
  await expect(emptyDatabase(client, { lockTimeoutMs: 100 })).rejects.toMatchObject({ code: "Y6031" });
  await other.query("rollback");
  expect((await client.query(content)).rows).toHaveLength(2);
  for (const session of [other, client]) await session.end();
});

test("a database of Postern's is refused by its address", async () => {
  const admin = await server.connect();
  await admin.query("create role postern_admin");
  await admin.end();
  const database = await server.createDatabase({ owner: "app" });
  const client = await server.connect({ database });
  await client.query("create schema postern authorization postern_admin; create table kept (a int)");
  await expect(emptyDatabase(client)).rejects.toMatchObject({ code: "Y6030" });
  expect((await client.query(content)).rows).toHaveLength(1);
  await client.end();
});
