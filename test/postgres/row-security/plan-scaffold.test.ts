/** The scaffold on a real Postgres: it can be run again, the check finds nothing in it, and it keeps users apart. */
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inspectRowSecurity } from "../../../src/postgres/inspect-row-security.ts";
import { keywords } from "../../../src/postgres/readable-identifier.ts";
import { planScaffold, type Scaffold } from "../../../src/postgres/row-security/plan-scaffold.ts";
import { readRowSecurityCatalog } from "../../../src/postgres/row-security/read-catalog.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  client = await server.connect({ database: await server.createDatabase() });
});

const plan = async (named: string[] = [], withGroups = false): Promise<Scaffold> =>
  planScaffold(await readRowSecurityCatalog(client), { withGroups, named });

/** Statements as a user, in a transaction; answers the rows of the last one. Without a user: as anon. */
async function as(user: string | null, ...statements: string[]): Promise<unknown[]> {
  await client.query("begin");
  try {
    await client.query("select set_config('request.jwt.claims', $1, true)", [
      user === null ? "" : JSON.stringify({ sub: user }),
    ]);
    await client.query(`set local role ${user === null ? "anon" : "authenticated"}`);
    let rows: unknown[] = [];
    for (const statement of statements) {
      ({ rows } = await client.query({ text: statement, rowMode: "array" }));
    }
    await client.query("commit");
    return rows.map((row) => (row as unknown[]).join(" "));
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

const wrong = async () => (await inspectRowSecurity(client)).filter(({ severity }) => severity !== "info");

const tables = `
  create table todos (id serial primary key, user_id text not null, title text);
  create table "Order Items" (id int primary key, "ownerId" uuid not null);
  create table scores (id int generated always as identity, created_by bigint, points int);
  create schema shop;
  create table shop."order" (id int, author_id varchar(40)) partition by range (id);
  create table shop.order_1 partition of shop."order" for values from (0) to (10);
  create table news (id int, title text);`;

describe("a scaffold for owners", () => {
  it("has policies for every table with a user's column, and says which tables it leaves", async () => {
    await client.query(tables);
    const scaffold = await plan();
    expect(scaffold.tables.map(({ table, owner, notes }) => [table.name, owner!.name, notes])).toEqual([
      ["Order Items", "ownerId", []],
      ["scores", "created_by", ["created_by is bigint: the subjects of tokens have to be numbers"]],
      ["todos", "user_id", []],
      ["order", "author_id", []],
    ]);
    expect(scaffold.left.map(({ table, reason }) => `${table.name}: ${reason}`)).toEqual([
      "news: no column says whose a row is (user_id, owner_id, created_by, tenant_id or the like)",
    ]);
    expect(scaffold.sql).toContain(`
-- public.todos: rows belong to the user in user_id.
alter table public.todos enable row level security;
drop policy if exists todos_owner on public.todos;
create policy todos_owner on public.todos for all to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));
grant select, insert, update, delete on public.todos to authenticated;
grant usage on sequence public.todos_id_seq to authenticated;
create index if not exists todos_user_id_policy_idx on public.todos (user_id);
`);
  });

  it("changes nothing when it is run again, leaves nothing to find and nothing to do", async () => {
    await client.query(tables);
    const { sql } = await plan();
    await client.query(sql);
    const once = await readRowSecurityCatalog(client);
    await client.query(sql);
    expect(await readRowSecurityCatalog(client)).toEqual(once);
    expect(await wrong()).toEqual([]);
    expect(await plan()).toMatchObject({ sql: "", tables: [] });
  });

  it("lets users read and write their own rows only, and strangers nothing", async () => {
    await client.query(tables);
    await client.query((await plan()).sql);
    await as("ann", "insert into todos (user_id, title) values ('ann', 'a')");
    await as("bob", "insert into todos (user_id, title) values ('bob', 'b')");
    expect(await as("ann", "select title from todos")).toEqual(["a"]);
    expect(await as("ann", "update todos set title = 'mine' returning title")).toEqual(["mine"]);
    await expect(as("ann", "insert into todos (user_id) values ('bob')")).rejects.toThrow(
      "row-level security",
    );
    await expect(as("ann", "update todos set user_id = 'bob'")).rejects.toThrow("row-level security");
    await expect(as(null, "select * from todos")).rejects.toThrow("permission denied");
    const id = "6f1c2a52-9a1b-4a5e-9a55-0d8b3f1e2c77";
    expect(await as(id, `insert into "Order Items" values (1, '${id}') returning id`)).toEqual(["1"]);
    expect(await as("7", "insert into scores (created_by) values (7) returning id")).toEqual(["1"]);
  });

  it("leaves a table alone that has policies, unless it is named", async () => {
    await client.query(
      `${tables} alter table todos enable row level security; create policy p on todos using (id > 1)`,
    );
    expect((await plan()).left.map(({ table, reason }) => `${table.name}: ${reason}`)).toContain(
      "todos: it has policies",
    );
    const scaffold = await plan(["todos"]);
    expect(scaffold.tables.map(({ table }) => table.name)).toEqual(["todos"]);
  });

  it("refuses a table that is not there, that is not unique or that nobody owns", async () => {
    await client.query(
      `${tables} create schema a; create schema b; create table a.t (); create table b.t ();`,
    );
    await expect(plan(["nope"])).rejects.toMatchObject({ code: "Y3030" });
    await expect(plan(["t"])).rejects.toMatchObject({ code: "Y3031", hint: "Name its schema: a.t, b.t." });
    await expect(plan(["news"])).rejects.toMatchObject({ code: "Y3032" });
    expect((await plan(["shop.order"])).tables.map(({ table }) => table.name)).toEqual(["order"]);
  });

  it("keeps the auth.uid() that is there and casts to its type", async () => {
    await client.query(`create schema auth;
      create function auth.uid() returns uuid language sql stable as 'select null::uuid';
      create table a (id int primary key, user_id uuid); create table b (id int primary key, user_id text);`);
    const { sql } = await plan();
    expect(sql).toContain("using (user_id = (select auth.uid()))");
    expect(sql).toContain("using (user_id = (select auth.uid()::text))");
    await client.query(sql);
    expect((await readRowSecurityCatalog(client)).uid_type).toBe("uuid");
  });
});

describe("a scaffold for tenants", () => {
  const tables = `
    create table orders (id int generated always as identity, tenant_id text not null, item text);
    create table invoices (id int, tenant_id uuid, user_id text);
    create table plans (id int primary key, tenant_id text default 'free');`;
  const asTenant = async (tenant: string, sql: string) => {
    await client.query("begin");
    try {
      await client.query("select set_config('request.jwt.claims', $1, true)", [
        JSON.stringify({ tenant_id: tenant }),
      ]);
      await client.query("set local role authenticated");
      const { rows } = await client.query(sql);
      await client.query("commit");
      return rows;
    } finally {
      await client.query("rollback");
    }
  };

  it("can be run again, leaves nothing to find and nothing to do", async () => {
    await client.query(tables);
    const scaffold = await plan();
    expect(scaffold.tables.map(({ table, tenant }) => [table.name, tenant?.name])).toEqual([
      ["invoices", "tenant_id"],
      ["orders", "tenant_id"],
      ["plans", "tenant_id"],
    ]);
    expect(scaffold.sql).toContain("alter column tenant_id set default auth.tenant_id()::uuid;");
    await client.query(scaffold.sql);
    const once = await readRowSecurityCatalog(client);
    await client.query(scaffold.sql);
    expect(await readRowSecurityCatalog(client)).toEqual(once);
    expect(await inspectRowSecurity(client)).toEqual([]);
    expect((await plan()).sql).toBe("");
  });

  it("keeps tenants apart, fills their name in, and leaves users their rows", async () => {
    await client.query(tables);
    await client.query((await plan()).sql);
    expect(await asTenant("acme", "insert into orders (item) values ('a') returning tenant_id")).toEqual([
      { tenant_id: "acme" },
    ]);
    expect(await asTenant("globex", "select * from orders")).toEqual([]);
    await expect(
      asTenant("globex", "insert into orders (tenant_id, item) values ('acme', 'b')"),
    ).rejects.toThrow("row-level security");
    await expect(asTenant("globex", "insert into invoices (user_id) values ('ann')")).rejects.toThrow(
      "invalid input syntax for type uuid",
    );
    expect(await as("ann", "insert into invoices (user_id) values ('ann') returning user_id")).toEqual([
      "ann",
    ]);
    expect(await as("ann", "select * from orders")).toEqual([]);
  });

  it("gives a tenant's column of type uuid to groups, where there are any", async () => {
    await client.query(tables);
    const { tables: planned } = await plan(["invoices"], true);
    expect(planned).toMatchObject([{ group: { name: "tenant_id" }, tenant: undefined }]);
  });
});

describe("a scaffold with groups", () => {
  const documents = `
    create table documents (id int primary key, user_id text, team_id uuid, title text);
    create table rooms (id int primary key, group_id uuid not null);
    create table todos (id int primary key, user_id text not null);`;

  it("can be run again, leaves nothing to find and nothing to do", async () => {
    await client.query(documents);
    const { sql } = await plan([], true);
    await client.query(sql);
    const once = await readRowSecurityCatalog(client);
    await client.query(sql);
    expect(await readRowSecurityCatalog(client)).toEqual(once);
    expect(await inspectRowSecurity(client)).toEqual([]);
    expect((await plan([], true)).sql).toBe("");
  });

  it("comes to an empty database, too", async () => {
    await client.query((await plan([], true)).sql);
    expect(await inspectRowSecurity(client)).toEqual([]);
  });

  it("lets members read, writers write their own, managers everything, and those who left nothing", async () => {
    await client.query(documents);
    await client.query((await plan([], true)).sql);
    const [group] = await as("mia", "insert into groups (name) values ('crew') returning id");
    await as(
      "mia",
      `insert into group_members (group_id, user_id) values ('${group}', 'ann'), ('${group}', 'bob')`,
    );
    await as("ann", `insert into documents values (1, 'ann', '${group}', 'plan'), (2, 'ann', null, 'diary')`);
    await as("bob", `insert into rooms values (1, '${group}')`);

    expect(await as("ann", "select id from documents order by id")).toEqual(["1", "2"]);
    expect(await as("bob", "select title from documents")).toEqual(["plan"]);
    expect(await as("eve", "select title from documents")).toEqual([]);
    expect(await as("eve", "select name from groups")).toEqual([]);
    expect(await as("eve", "select user_id from group_members")).toEqual([]);
    expect(await as("bob", "update documents set title = 'x' returning id")).toEqual([]);
    expect(await as("mia", "update documents set title = 'y' returning id")).toEqual(["1"]);
    await expect(as("eve", `insert into rooms values (2, '${group}')`)).rejects.toThrow("row-level security");
    await expect(
      as("bob", `insert into group_members (group_id, user_id) values ('${group}', 'eve')`),
    ).rejects.toThrow("row-level security");
    expect(await as("bob", "update group_members set role = 'manager' returning user_id")).toEqual([]);
    await expect(as("eve", "select membership.group_ids()")).rejects.toThrow("permission denied");

    expect(await as("ann", "delete from group_members where user_id = 'ann' returning user_id")).toEqual([
      "ann",
    ]);
    expect(await as("ann", "select title from documents")).toEqual(["diary"]);
  });

  it("replaces the policy of the scaffold without groups when the table is named", async () => {
    await client.query(documents);
    await client.query((await plan()).sql);
    await client.query((await plan(["documents"], true)).sql);
    const { relations } = await readRowSecurityCatalog(client);
    const { policies } = relations.find(({ name }) => name === "documents")!;
    expect(policies.map(({ name }) => name)).toEqual([
      "documents_delete",
      "documents_insert",
      "documents_read",
      "documents_update",
    ]);
    expect(await wrong()).toEqual([]);
  });

  it("refuses tables of its names that are something else", async () => {
    await client.query("create table groups (id int primary key)");
    await expect(plan([], true)).rejects.toMatchObject({
      code: "Y3033",
      detail: "It should have id uuid, created_by text.",
    });
  });
});

it("quotes the words that this Postgres reserves", async () => {
  const { rows } = await client.query<{ word: string }>(
    "select word from pg_get_keywords() where catcode <> 'U'",
  );
  expect(rows.map(({ word }) => word).filter((word) => !keywords.has(word))).toEqual([]);
});
