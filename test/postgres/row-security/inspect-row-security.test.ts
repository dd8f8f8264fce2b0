/** Every finding on a real Postgres: that it is there, and that what it says mends it. */
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inspectRowSecurity, type RowSecurityFinding } from "../../../src/postgres/inspect-row-security.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
let template: string;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
  template = await server.createDatabase();
  const admin = await server.connect({ database: template });
  await admin.query(`
    create role anon nologin;
    create role authenticated nologin;
    create schema auth;
    grant usage on schema auth to public;
    create function auth.uid() returns text language sql stable as $$ select current_setting('app.sub', true) $$;
    create function auth.jwt() returns jsonb language sql stable as $$ select current_setting('app.jwt', true)::jsonb $$;
    alter default privileges revoke execute on functions from public;`);
  await admin.end();
});
afterAll(() => server.stop());
beforeEach(async () => {
  client = await server.connect({ database: await server.createDatabase({ template }) });
});
afterEach(() => client.end());

const inspect = () => inspectRowSecurity(client);

/** Rule and object of every finding. */
const brief = (findings: readonly RowSecurityFinding[]) =>
  findings.map(({ severity, rule, object }) => `${severity} ${rule} ${object}`);

const todos = `
  create table todos (id int primary key, user_id text not null, title text);
  create index on todos (user_id);
  alter table todos enable row level security;`;
const mine =
  "create policy mine on todos for all to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));";
const granted = "grant select, insert, update, delete on todos to authenticated;";

interface Case {
  title: string;
  setup: string;
  finding: string;
  why?: string | RegExp;
  /** What is still found after the mending. */
  left?: string[];
}

const mendable: Case[] = [
  {
    title: "a table that is granted and has row security off",
    setup: "create table notes (id int); grant select on notes to authenticated;",
    finding: "error row_security_off table public.notes",
    why: /^authenticated can select, and row security is off/,
    left: ["info no_policy table public.notes"],
  },
  {
    title: "a table that everyone may write to",
    setup:
      'create schema "My App"; grant usage on schema "My App" to public; create table "My App"."T 1" (id int); grant insert on "My App"."T 1" to public;',
    finding: 'error row_security_off table "My App"."T 1"',
    why: /^anon and authenticated can insert/,
    left: ['info no_policy table "My App"."T 1"'],
  },
  {
    title: "a table of which one column is granted",
    setup: "create table notes (id int, title text); grant select (title) on notes to anon;",
    finding: "error row_security_off table public.notes",
    why: /^anon can select/,
    left: ["info no_policy table public.notes"],
  },
  {
    title: "a policy that asks auth.uid() for every row",
    setup: `${todos} ${granted} create policy mine on todos for all to authenticated using (user_id = auth.uid()) with check (user_id = auth.uid());`,
    finding: "warning call_per_row policy mine on public.todos",
    why: /^auth\.uid\(\) runs once for every row/,
  },
  {
    title: "a policy that reads a claim and a setting for every row, non-ASCII text before them",
    setup: `${todos} ${granted} create policy "über" on todos for select to authenticated using (title <> 'für ''alle''' and user_id = (auth.jwt() ->> 'sub') and user_id <> current_setting('app.a)b', true));`,
    finding: 'warning call_per_row policy "über" on public.todos',
    why: "auth.jwt(), current_setting('app.a)b'::text, true) runs once for every row; in a subselect it runs once for the statement.",
  },
  {
    title: "a policy that asks for every row of a table that it looks into",
    setup: `${todos} ${granted} create table members (todo int, member text);
      create policy shared on todos for select to authenticated using (exists (select from members m where m.todo = id and m.member = auth.uid()));`,
    finding: "warning call_per_row policy shared on public.todos",
  },
  {
    title: "a policy that lets a user change every row",
    setup: `${todos} ${granted} ${mine} create policy anything on todos for update to authenticated using (true) with check (1 = 1 or title = 'x');`,
    finding: "warning always_true policy anything on public.todos",
    why: /^It lets authenticated update any row, whoever its user_id is/,
  },
  {
    title: "a policy that lets strangers delete rows that belong to nobody",
    setup:
      "create table log (id int); alter table log enable row level security; grant select, delete on log to anon; create policy clean on log for delete using (true);",
    finding: "error always_true policy clean on public.log",
    left: ["info no_policy table public.log"],
  },
  {
    title: "a policy that shows strangers the rows of users",
    setup: `${todos} grant select on todos to anon; create policy seen on todos for select to anon using (not false);`,
    finding: "warning always_true policy seen on public.todos",
    why: /^It shows every row to anon/,
  },
  {
    title: "a view that reads as its owner, through another view",
    setup: `${todos} ${mine} create view inner_todos with (security_invoker = on) as select * from todos;
      create view all_todos as select * from inner_todos; grant select on all_todos to authenticated;`,
    finding: "error view_past_row_security view public.all_todos",
    why: /public\.todos as its owner/,
  },
  {
    title: "a materialized view, which has no row security",
    setup:
      "create table t (id int); create materialized view m as select * from t; grant select on m to anon;",
    finding: "warning no_row_security_possible materialized view public.m",
  },
  {
    title: "a definer function without a search_path",
    setup:
      "create table t (); create function secret(a int, b text default 'x') returns int language sql security definer as 'select 1'; grant execute on function secret to authenticated;",
    finding: "warning definer_without_search_path function public.secret(a integer, b text)",
    left: ["info definer_function_callable function public.secret(a integer, b text)"],
  },
  {
    title: "a definer function that strangers can call",
    setup:
      "create function secret() returns int language sql security definer set search_path = pg_catalog, pg_temp as 'select 1'; grant execute on function secret to public;",
    finding: "warning definer_function_callable function public.secret()",
  },
  {
    title: "a trigger's definer function without a search_path, whom nobody can call",
    setup:
      "create function stamp() returns trigger language plpgsql security definer as 'begin return new; end'; grant execute on function stamp to public;",
    finding: "warning definer_without_search_path function public.stamp()",
  },
  {
    title: "a policy's column without an index",
    setup: `create table todos (id int primary key, user_id text, published text); alter table todos enable row level security; ${mine} ${granted}
      create policy open on todos for select to authenticated using (published = 'yes');`,
    finding: "warning policy_column_without_index column public.todos.user_id",
  },
  {
    title: "an insert policy without WITH CHECK",
    setup: `${todos} ${granted} create policy add on todos for insert to authenticated;`,
    finding: "warning with_check_missing policy add on public.todos",
    why: "It has no WITH CHECK, so it allows no insert at all.",
  },
  {
    title: "an update policy without WITH CHECK",
    setup: `${todos} ${granted} create policy edit on todos for update to authenticated using (user_id = (select auth.uid()));`,
    finding: "info with_check_missing policy edit on public.todos",
  },
  {
    title: "the sequence of a serial column that may be inserted into",
    setup:
      "create table t (id serial, user_id text); create index on t (user_id); alter table t enable row level security; grant insert on t to authenticated; create policy p on t for insert to authenticated with check (user_id = (select auth.uid()));",
    finding: "info sequence_not_granted sequence public.t_id_seq",
  },
  {
    title: "TRUNCATE for users, which asks no policy",
    setup: `${todos} ${mine} grant all on todos to authenticated;`,
    finding: "warning truncate_granted table public.todos",
  },
];

describe("finds and mends", () => {
  it.each(mendable)("$title", async ({ setup, finding, why, left = [] }) => {
    await client.query(setup);
    const found = await inspect();
    expect(brief(found)).toEqual(expect.arrayContaining([finding]));
    const hit = found.find((entry) => brief([entry])[0] === finding)!;
    if (why !== undefined) expect(hit.why).toMatch(why);
    expect(hit.mend).not.toBeNull();
    await client.query(hit.mend!);
    expect(brief(await inspect())).toEqual(left);
  });
});

describe("finds nothing wrong with", () => {
  it.each([
    ["an empty database", ""],
    ["tables that no client reaches", "create table t (id int); create view v as select * from t;"],
    [
      "tables in a schema that clients may not use",
      "create schema inner_side; create table inner_side.t (); grant all on inner_side.t to anon;",
    ],
    ["policies that ask once for the statement", `${todos} ${mine} ${granted}`],
    [
      "a set of groups that is worked out once",
      `${todos} ${granted} create function groups() returns setof text language sql stable as $$ select 'a' $$; create policy p on todos for select to authenticated using (user_id in (select groups()));`,
    ],
    [
      "a serial column behind identity",
      "create table t (id int generated always as identity, user_id text); create index on t (user_id); alter table t enable row level security; grant insert on t to authenticated; create policy p on t for insert to authenticated with check (user_id = (select auth.uid()));",
    ],
    [
      "rows that are for everyone to read and belong to nobody",
      "create table news (id int); alter table news enable row level security; grant select on news to anon, authenticated; create policy p on news for select using (true);",
    ],
    [
      "a restrictive policy that restricts nothing",
      `${todos} ${mine} ${granted} create policy r on todos as restrictive for all to authenticated using (true);`,
    ],
    [
      "a view that asks as its caller",
      `${todos} ${mine} ${granted} create view v with (security_invoker = true) as select * from todos; grant select on v to authenticated;`,
    ],
  ])("%s", async (_title, setup) => {
    await client.query(setup);
    expect(brief(await inspect())).toEqual([]);
  });
});

it("says that nobody sees rows where row security is on and no policy is there", async () => {
  await client.query(`${todos} ${granted}`);
  expect(brief(await inspect())).toEqual(["info no_policy table public.todos"]);
});

it("puts errors before warnings before what is only to know", async () => {
  await client.query(`${todos} ${granted} create table a (id int); grant truncate, select on a to anon;`);
  expect((await inspect()).map(({ severity }) => severity)).toEqual(["error", "warning", "info"]);
});

it("says that a role is past all policies", async () => {
  await client.query("alter role anon bypassrls");
  const found = brief(await inspect());
  await client.query("alter role anon nobypassrls");
  expect(found).toEqual(["error role_bypasses role anon"]);
});

it("reads what PUBLIC may do where the roles are missing", async () => {
  const bare = await startTestServer();
  const session = await bare.connect();
  await session.query("create table t (id int); grant select on t to public; create table u (id int)");
  expect(brief(await inspectRowSecurity(session))).toEqual(["error row_security_off table public.t"]);
  await bare.stop();
});
