/** The commands about row security, on a database of Postern's and on any Postgres. */
import { mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CreatedDatabase, DatabaseUrls } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RowSecurityFinding } from "../../src/postgres/inspect-row-security.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { rowsOf } from "../support/session.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let postern: PosternHome;
let bare: TestServer;
let count = 0;

beforeAll(async () => {
  [postern, bare] = await Promise.all([createPosternHome(), startTestServer()]);
  await postern.start();
});
afterAll(() => Promise.all([postern.close(), bare.stop()]));

/** A database of Postern's with its owner's direct URL; `args` name it on the command line. */
async function createDatabase(sql: string) {
  count += 1;
  const name = `rows-${count}`;
  const { id, token } = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name });
  const { direct } = await postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);
  const query = (text: string) => rowsOf(direct, text);
  await query(sql);
  const access = { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() };
  return { name, id, token, query, access };
}

async function createBareDatabase(
  sql: string,
): Promise<{ url: string; query(text: string): Promise<unknown[]> }> {
  const database = await bare.createDatabase();
  const url = `postgres://test_admin@localhost/${database}?host=${encodeURIComponent(bare.socketDirectory)}`;
  await rowsOf(url, sql);
  return { url, query: (text) => rowsOf(url, text) };
}

const owned = `
  create table todos (id serial primary key, user_id text not null, title text);
  alter table todos enable row level security;
  create policy todos_owner on todos for all to authenticated
    using (user_id = auth.uid()) with check (user_id = auth.uid());
  grant select, insert, update, delete on todos to authenticated;
  create table notes (id int, title text);
  grant select (title) on notes to anon;`;

describe("db rls", () => {
  it("shows tables, policies with their expressions and what clients may do", async () => {
    const { name, access } = await createDatabase(owned);
    const shown = await postern.run(["db", "rls", name], { environment: access });
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toBe(`\
table        │ row security │ policies │ anon           │ authenticated
─────────────┼──────────────┼──────────┼────────────────┼────────────────────────────────
public.notes │ off          │        0 │ select (title) │ -
public.todos │ on           │        1 │ -              │ select, insert, update, delete

Policies on public.todos:
  todos_owner  all, to authenticated
      using       (user_id = auth.uid())
      with check  (user_id = auth.uid())
`);
    expect(await postern.json(["db", "rls", name], { environment: access })).toMatchObject([
      {
        schema: "public",
        table: "notes",
        row_security: "off",
        privileges: { anon: [{ columns: ["title"] }] },
      },
      { table: "todos", row_security: "on", policies: [{ name: "todos_owner", command: "all" }] },
    ]);
  });

  it("works on any Postgres by its address", async () => {
    const { url } = await createBareDatabase(
      "create table t (id int); alter table t enable row level security; alter table t force row level security",
    );
    expect(await postern.json(["db", "rls", "--url", url])).toMatchObject([
      { table: "t", row_security: "forced", policies: [], privileges: { anon: [], authenticated: [] } },
    ]);
  });
});

describe("db rls check", () => {
  it("says what is wrong, why, and the SQL that mends it; its mends leave nothing", async () => {
    const { name, access, query } = await createDatabase(owned);
    const options = { environment: access };
    const found = await postern.run(["db", "rls", "check", name], options);
    expect(found).toMatchObject({ code: 0, stderr: "1 error, 2 warnings\n" });
    expect(found.stdout).toContain(`\
error    table public.notes  row_security_off
         anon can select, and row security is off: every client reaches every row.
         alter table public.notes enable row level security;
`);
    expect(await postern.run(["db", "rls", "check", name, "--exit-code"], options)).toMatchObject({
      code: 8,
    });
    const findings = await postern.json<RowSecurityFinding[]>(["db", "rls", "check", name], options);
    expect(findings.map(({ rule }) => rule)).toEqual([
      "row_security_off",
      "policy_column_without_index",
      "call_per_row",
      "sequence_not_granted",
    ]);
    for (const { mend } of findings) await query(mend!);
    const mended = await postern.run(["db", "rls", "check", name, "--exit-code"], options);
    expect(mended).toMatchObject({ code: 0, stderr: "✓ Row security holds\n" });
  });
});

describe("db rls init", () => {
  const tables = `
    create table todos (id serial primary key, user_id text not null, team_id uuid);
    create table news (id int);`;

  it("writes a migration that leaves nothing to find, and then has nothing to write", async () => {
    const { name, access } = await createDatabase(tables);
    const cwd = await mkdtemp(join(postern.project, "init-"));
    const options = { environment: access, cwd };
    const written = await postern.run(["db", "rls", "init", name, "--with-groups"], options);
    expect(written).toMatchObject({ code: 0, stdout: "" });
    expect(written.stderr).toMatch(
      /^ {2}public\.todos {2}rows of the user in user_id and of the group in team_id\n {2}public\.news {2}left as it is: no column .*\n✓ Created db\/migrations\/\d{14}_row_security\.sql\nRead it, then run `postern db migrate`\.\n$/,
    );
    expect(await postern.run(["db", "migrate", name], options)).toMatchObject({ code: 0 });
    const check = await postern.run(["db", "rls", "check", name, "--exit-code"], options);
    expect(check).toMatchObject({ code: 0, stdout: "", stderr: "✓ Row security holds\n" });
    const again = await postern.run(["db", "rls", "init", name, "--with-groups"], options);
    expect(again.stderr).toContain("✓ Nothing is missing");
    expect(await readdir(join(cwd, "db/migrations"))).toHaveLength(1);
  });

  it("runs it at once with --apply, on any Postgres; the same SQL runs on a database of Postern's", async () => {
    const { url } = await createBareDatabase(tables);
    const args = ["db", "rls", "init", "--url", url, "--with-groups", "--apply"];
    const { sql, ...applied } = await postern.json<{ sql: string }>(args);
    expect(applied).toMatchObject({
      name: null,
      applied: true,
      tables: [
        { schema: "public", table: "todos", owner_column: "user_id", group_column: "team_id", notes: [] },
      ],
      left: [{ table: "news" }],
    });
    expect(await postern.json(["db", "rls", "check", "--url", url])).toEqual([]);
    const { name, query, access } = await createDatabase(tables);
    await query(sql);
    expect(await postern.json(["db", "rls", "check", name], { environment: access })).toEqual([]);
  });

  it("ends with 5 for a table that is not there", async () => {
    const { url } = await createBareDatabase(tables);
    const end = await postern.run(["db", "rls", "init", "--url", url, "--table", "nope"]);
    expect(end).toMatchObject({ code: 5, stderr: expect.stringContaining("There is no table nope.") });
  });
});

describe("db rls test", () => {
  const tables = `create table todos (id int primary key, user_id text, due date);`;

  it("shows what a user sees on any Postgres, and takes back what the statement did", async () => {
    const { url, query } = await createBareDatabase(tables);
    await postern.json(["db", "rls", "init", "--url", url, "--apply"]);
    await query("insert into todos values (1, 'ann', '2026-01-02'), (2, 'bob', null)");
    const seen = await postern.run(["db", "rls", "test", "--url", url, "--as", "ann", "select * from todos"]);
    expect(seen).toMatchObject({ code: 0, stderr: "As authenticated, ann. Rolled back.\n" });
    expect(seen.stdout).toMatch(/^id │ user_id │ due\n.*\n1 {2}│ ann {5}│ 2026-01-02\n\n\(1 row\)/);
    const args = ["db", "rls", "test", "--url", url, "--as", "bob"];
    expect(await postern.json([...args, "delete from todos where id = $1", "--param", "2"])).toEqual({
      rows_affected: 1,
    });
    expect(await query("select count(*)::int from todos")).toEqual([{ count: 2 }]);
    const denied = await postern.run(["db", "rls", "test", "--url", url, "--anon", "select * from todos"]);
    expect(denied).toMatchObject({ code: 7, stderr: expect.stringContaining("permission denied") });
  });

  it("asks for one of --as and --anon", async () => {
    const end = await postern.run(["db", "rls", "test", "--url", "postgres://localhost/x", "select 1"]);
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("--as SUBJECT, --anon") });
  });
});

describe("db rls test on a database of Postern's", () => {
  const tables = `
    create table todos (id int primary key, user_id text not null, due date, tags int[]);
    create table news (id serial primary key, title text);
    grant select, insert on news to anon;
    alter table news enable row level security;
    create policy seen on news for select using (true);
    create policy adding on news for insert with check (true);
    insert into todos values (1, 'ann', '2026-01-02', '{1,2}'), (2, 'bob', null, null);
    insert into news (title) values ('first');
    create function leave() returns text language plpgsql as $$
    begin
      reset role;
      set role postern_admin;
      return current_user;
    exception when others then
      return sqlerrm || ', still ' || current_user || ', ' || coalesce(auth.uid(), 'nobody');
    end $$;
    grant execute on function leave to authenticated;`;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let test: string[];

  beforeAll(async () => {
    database = await createDatabase(tables);
    await postern.json(["db", "rls", "init", database.name, "--apply"], { environment: database.access });
    test = ["db", "rls", "test", "-d", database.name];
  });
  const run = (...args: string[]) => postern.run([...test, ...args], { environment: database.access });
  const json = (...args: string[]) => postern.json([...test, ...args], { environment: database.access });

  it("shows what a user sees, values as SQL over HTTP answers them", async () => {
    const seen = await run("--as", "ann", "select id, due from todos");
    expect(seen).toMatchObject({ code: 0, stderr: "As authenticated, ann. Rolled back.\n" });
    expect(seen.stdout).toMatch(/^id │ due\n.*\n1 {2}│ 2026-01-02\n\n\(1 row\)/);
    expect(await json("--as", "bob", "select * from todos where id = $1", "--param", "2")).toMatchObject({
      rows: [{ id: 2, user_id: "bob", due: null, tags: null }],
    });
  });

  it("knows the subject and the claims", async () => {
    const sql = "select auth.uid() as uid, auth.jwt() ->> 'plan' as plan, auth.role() as role";
    expect(await json("--as", "it's ann", "--claims", '{"plan":"gold"}', sql)).toMatchObject({
      rows: [{ uid: "it's ann", plan: "gold", role: "authenticated" }],
    });
  });

  it("undoes what the statement did", async () => {
    expect(await json("--as", "ann", "delete from todos returning id")).toMatchObject({ rows: [{ id: 1 }] });
    expect(await database.query("select id from todos order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await json("--as", "ann", "update todos set due = null")).toEqual({ rows_affected: 1 });
    expect(await database.query("select id from todos where due is null")).toEqual([{ id: 2 }]);
  });

  it("says what the user may not do", async () => {
    const denied = await run("--as", "ann", "insert into todos values (3, 'bob')");
    expect(denied).toMatchObject({ code: 7, stderr: expect.stringContaining("row-level security") });
    const position = await run("--as", "ann", "select id, nope from todos");
    expect(position.stderr).toContain("select id, nope from todos\n");
    expect(position).toMatchObject({ code: 7, stderr: expect.stringMatching(/\n +│ {12}\^\n/) });
  });

  it("shows what a client without a token sees, and lets it write nothing even where that is granted", async () => {
    expect(await json("--anon", "select title from news")).toMatchObject({ rows: [{ title: "first" }] });
    const write = await run("--anon", "insert into news (id, title) values (5, 'x')");
    expect(write).toMatchObject({ code: 7, stderr: expect.stringContaining("read-only transaction") });
    expect(await run("--anon", "select * from todos")).toMatchObject({ code: 7 });
  });

  it("lets no statement out of its role or its transaction", async () => {
    for (const sql of ["reset role", "commit", "select 1; commit", "set role postern_admin"]) {
      expect(await run("--as", "ann", sql)).toMatchObject({ code: 7 });
    }
    const { rows } = (await json("--as", "ann", "select leave() as way")) as { rows: { way: string }[] };
    expect(rows[0]!.way).toMatch(/^permission denied to set role "postern_admin", still authenticated, ann$/);
    expect(await database.query("select count(*)::int as todos from todos")).toEqual([{ todos: 2 }]);
  });

  it("refuses a request that does not say as whom, and one for somebody else's database", async () => {
    const path = `/v1/databases/${database.id}/rls/test`;
    const post = (body: unknown, token?: string) => postern.api("POST", path, body, token);
    await expect(post({ sql: "select 1" })).rejects.toMatchObject({ code: "Y1001", status: 400 });
    await expect(post({ sql: "select 1", subject: "a", anonymous: true })).rejects.toMatchObject({
      code: "Y1001",
    });
    await expect(post({ sql: "select 1", subject: "a\u001fb" })).rejects.toMatchObject({ status: 400 });
    const other = await createDatabase("select 1");
    await expect(post({ sql: "select 1", subject: "a" }, other.token)).rejects.toMatchObject({ status: 404 });
    expect(await post({ sql: "select 1 as one", subject: "a" }, database.token)).toMatchObject({
      rows: [{ one: 1 }],
    });
  });
});
