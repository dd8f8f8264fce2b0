/** What must go on working for clients: too much forbidden is a fault as well. */
import { type Attack, describeAttacks } from "../../support/attack.ts";
import { attackClass, overBlocking } from "../../support/attack-count.ts";
import { type Battlefield, isolations } from "../../support/battlefield.ts";

const works = (sql: string, ...rows: unknown[]): Attack => [sql.slice(0, 70), "alice", sql, { rows }];
const takes = (sql: string, params: never[] | unknown[], ...rows: unknown[]): Attack => [
  sql.slice(0, 70),
  "alice",
  { sql, params: params as never[] },
  { rows },
];

const statements: Attack[] = [
  works("select title from todos order by id", { title: "alice one" }, { title: "alice two" }),
  works("insert into notes (body) values ('n') returning user_id, body", { user_id: "alice", body: "n" }),
  works("update todos set title = 'alice 1' where id = 1 returning id, title", { id: 1, title: "alice 1" }),
  works("update todos set title = 'alice one' where id = 1 returning auth.uid() as uid", { uid: "alice" }),
  works("with gone as (delete from todos where false returning *) select count(*)::int as n from gone", {
    n: 0,
  }),
  works(
    "insert into todos (title, slug) values ('alice one', 'a1') on conflict (slug) do update set title = excluded.title returning id",
    { id: 1 },
  ),
  works("insert into todos (title, slug) values ('x', 'a1') on conflict do nothing returning id"),
  works(
    "merge into todos t using (values ('a2', 'alice two')) v(slug, title) on t.slug = v.slug when matched then update set title = v.title when not matched then insert (slug, title) values (v.slug, v.title)",
  ),
  works("with t as (select title from todos), n as (select count(*)::int as n from t) select n from n", {
    n: 2,
  }),
  works(
    "with recursive r as (select 1 as i union all select i + 1 from r where i < 5) select max(i) as i from r",
    { i: 5 },
  ),
  works("select row_number() over (order by title)::int as n from todos", { n: 1 }, { n: 2 }),
  works("select string_agg(title, ',' order by id) as t from todos", { t: "alice one,alice two" }),
  works("select id, title from my_todos where id = 1", { id: 1, title: "alice one" }),
  works("select t from titles() t", { t: "alice one" }, { t: "alice two" }),
  works("select double(21) as n", { n: 42 }),
  works("select todo_count() >= 4 as counted", { counted: true }),
  works("select scratch()::int as n", { n: 2 }),
  works("select (add_todo('from a function')).user_id", { user_id: "alice" }),
  works("delete from todos where title = 'from a function' returning user_id", { user_id: "alice" }),
  works("select nextval('tickets') > 0 as drawn", { drawn: true }),
  works("select nextval('tickets') - currval('tickets') as same", { same: "0" }),
  works(
    "select lastval() > 0 and nextval('tickets') > 0 as known from (select nextval('tickets') offset 0) s",
    { known: true },
  ),
  works("select count(*)::int as n from information_schema.columns where table_name = 'todos'", { n: 4 }),
  works(
    "select column_default is not null as d from information_schema.columns where table_name = 'todos' and column_name = 'user_id'",
    { d: true },
  ),
  works("select 'todos'::regclass::text as name", { name: "todos" }),
  works(
    "select format_type(atttypid, atttypmod) as t from pg_attribute where attrelid = 'todos'::regclass and attname = 'title'",
    { t: "text" },
  ),
  works("select pg_typeof(title)::text as t from todos limit 1", { t: "text" }),
  works("select body -> 'tags' ->> 0 as tag from posts where id = 1", { tag: "a" }),
  works("select jsonb_path_query_array(body, '$.tags[*]') as tags from posts where id = 1", {
    tags: ["a", "b"],
  }),
  works("select 'happy'::mood::text as m, 'short'::short_text as d", { m: "happy", d: "short" }),
  works("select current_user::text as u, auth.role() as r, auth.jwt() ->> 'sub' as s", {
    u: "authenticated",
    r: "authenticated",
    s: "alice",
  }),
  works(
    "select now() is not null as n, clock_timestamp() >= now() as c, gen_random_uuid() is not null as u",
    { n: true, c: true, u: true },
  ),
  works("select random() between 0 and 1 as r", { r: true }),
  works("select encode(digest('a', 'md5'), 'hex') = md5('a') as same", { same: true }),
  works("select similarity('word', 'word')::int as s", { s: 1 }),
  works("select to_tsvector('english', 'running') @@ to_tsquery('english', 'run') as hit", { hit: true }),
  works("select (xpath('/a/text()', '<a>b</a>'::xml))[1]::text as x", { x: "b" }),
  works("values (1, 'a')", { column1: 1, column2: "a" }),
  works("table my_todos", { id: 1, title: "alice one" }, { id: 2, title: "alice two" }),
  works("select 1 as a;", { a: 1 }),
  works("select 1 as a ; -- the end", { a: 1 }),
  works("-- first\n/* then /* nested */ */ select 1 as a", { a: 1 }),
  works("(select 1 as a) union all (select 2) order by a", { a: 1 }, { a: 2 }),
  works("select $$;commit;$$ as a, E'\\'; drop' as b, U&'\\0041' as c", {
    a: ";commit;",
    b: "'; drop",
    c: "A",
  }),
  works("select id from todos where id = 1 for update", { id: 1 }),
  works("select a from generate_series(1, 3) a offset 1 limit 1", { a: 2 }),
  works("select g.a, l.b from generate_series(1, 1) g(a), lateral (select g.a + 1 as b) l", { a: 1, b: 2 }),
  works("select pg_input_is_valid('x', 'int') as valid", { valid: false }),
  works("select has_table_privilege('vault', 'select') as may", { may: false }),
  works("select current_setting('timezone') as z", { z: "UTC" }),
  takes("select $1::jsonb -> 'a' as a", [{ a: [1] }], { a: [1] }),
  takes("select $1::int[] as a", [[1, 2]], { a: [1, 2] }),
  takes("select id from todos where id = any($1)", [[1, 3]], { id: 1 }),
  takes("select $1::text as a, $2::int as b, $3::bool as c", [null, 7, true], { a: null, b: 7, c: true }),
  takes("select u.a from unnest($1::text[]) u(a)", [["x", "it's"]], { a: "x" }, { a: "it's" }),
  takes("insert into comments (todo_id, body) values ($1, $2) returning todo_id, body", [1, "ü"], {
    todo_id: 1,
    body: "ü",
  }),
  takes("update notes set body = $1 where body = 'n' returning body", ["m"], { body: "m" }),
  [
    "a transaction of several",
    "alice",
    ["select 1", "insert into comments (todo_id) values (2) returning todo_id"],
    { rows: [{ todo_id: 2 }] },
  ],
  [
    "several in a transaction that see each other",
    "alice",
    ["insert into notes (body) values ('seen')", "select count(*)::int as n from notes where body = 'seen'"],
    { rows: [{ n: 1 }] },
  ],
  ["after an error", "alice", "select 1 / 0", "22012"],
  works("select 'and then' as well", { well: "and then" }),
  [
    "anon reads what is granted",
    "anon",
    "select title from posts order by id",
    { rows: [{ title: "hello" }, { title: "world" }] },
  ],
  [
    "anon calls what is granted",
    "anon",
    "select double(2) as n, auth.uid() as uid, auth.role() as role",
    { rows: [{ n: 4, uid: null, role: "anon" }] },
  ],
  ["bob sees his own", "bob", "select count(*)::int as n from notes", { rows: [{ n: 1 }] }],
];

export const workAsEver = (battlefield: () => Battlefield): void =>
  attackClass(overBlocking, isolations, (isolation) => {
    describeAttacks("works", () => battlefield().fields[isolation], statements);
  });
