/** Rows of others: seen, guessed, changed or moved past their policies. */
import { type Attack, describeAttacks, within, withinBoth } from "../../support/attack.ts";
import { attackClass } from "../../support/attack-count.ts";
import { type Battlefield, isolations } from "../../support/battlefield.ts";

const none = { rows: [] };
const zero = { rows: [{ n: 0 }] };
const sees = (what: string, sql: string, end: Attack[3] = none): Attack => [what, "alice", sql, end];

const reading: Attack[] = [
  sees("by their user", "select * from todos where user_id = 'bob'"),
  sees(
    "by a condition that is always true",
    "select title from todos where user_id = 'bob' or title like 'can%'",
  ),
  sees("by their place", "select * from todos where ctid = '(0,3)'"),
  sees("by a range of places", "select * from todos where ctid > '(0,2)'"),
  sees("by key", "select * from todos where id = 3"),
  sees("by a unique column", "select id from todos where slug = 'canary-slug-1'"),
  sees("by a scalar subquery", "select 1 where (select title from todos where id = 3) is not null"),
  sees("by exists", "select 1 where exists (select from todos where id = 3)"),
  sees("by an outer join", "select t.title from (values (3)) v(id) join todos t using (id)"),
  sees(
    "by a lateral join",
    "select * from posts, lateral (select * from todos where todos.id = posts.id + 2) t",
  ),
  sees("by counting", "select count(*)::int as n from todos where user_id <> 'alice'", zero),
  sees("by an aggregate", "select max(title) as m from todos where id > 2", { rows: [{ m: null }] }),
  sees(
    "by a window",
    "select * from (select lead(title, 2) over (order by id) as t from todos) s where t is not null",
  ),
  sees(
    "by a recursive query",
    "with recursive r as (select 3 as id union all select t.id from todos t join r on t.id = r.id) select id from r where id > 3",
  ),
  sees("by a sample", "select title from todos tablesample system (100) where user_id <> 'alice'"),
  sees("by another sample", "select title from todos tablesample bernoulli (100) where user_id <> 'alice'"),
  sees(
    "by a set operation",
    "select title from todos except select title from todos where user_id = 'alice'",
  ),
  sees("by a collation", `select title from todos where title collate "C" > 'b'`),
  sees("by the row as text", "select todos from todos where todos::text like '%bob%'"),
  sees("by the row as json", "select to_jsonb(t) from todos t where to_jsonb(t) ->> 'user_id' = 'bob'"),
  sees("by full text", "select title from todos where to_tsvector(title) @@ 'bob'::tsquery"),
  sees("by similarity", "select title from todos where title % 'canary-bob-one'"),
  sees("by a pattern", "select title from todos where title ~ 'can(ary)'"),
  sees("through a view of the caller's", "select title from my_todos where id > 2"),
  sees("through a function of the caller's", "select t from titles() t where t like 'can%'"),
  sees("behind FOR UPDATE", "select title from todos where id = 3 for update"),
  sees("behind SKIP LOCKED", "select title from todos where id = 3 for update skip locked"),
  sees("by statistics", "select * from pg_stats where tablename in ('todos', 'notes')"),
  sees("by extended statistics", "select * from pg_stats_ext"),
  sees("by raw statistics", "select * from pg_statistic", "42501"),
  sees("by statistics of a column without a grant", "select * from pg_stats where attname = 'salary'"),
  sees("by an error of division", "select id from todos where 1 / (id - 3) is null"),
  sees(
    "by an error of conversion",
    "select id from todos where case when user_id = 'bob' then title::int else 0 end > 0",
  ),
  sees(
    "by a careless function that is called early",
    "select id from todos where user_id = 'bob' and run_value('select 1') = title",
  ),
  sees(
    "by what a regular expression costs",
    "select id from todos where user_id = 'bob' and title ~ repeat('a?', 99)",
  ),
  ["by anon", "anon", "select title from todos", "42501"],
  ["by anon, through a careless function", "anon", within("select title from todos"), "42501"],
  ["by a user without rows", "carol", "select title from todos", none],
  ["by a user whose name has a wildcard", "%", "select title from todos", none],
  ["by a user whose name is a quote", "' or true --", "select title from todos", none],
  ["by a user who is called like the owner's role", "postern_admin", "select title from todos", none],
  [
    "in a snapshot of another kind",
    "alice",
    withinBoth("set enable_indexscan = off", "select title from todos where id = 3"),
    { rows: [{ found: null }] },
  ],
];

const policyViolated = "42501";
const writing: Attack[] = [
  sees("an update", "update todos set title = 'mine' where user_id = 'bob' returning *"),
  sees("an update of everything", "update todos set title = title where user_id <> 'alice' returning *"),
  sees("an update with a join", "update todos t set title = 'x' from notes n where t.id = 3 returning *"),
  sees(
    "an update in a query",
    "with u as (update todos set title = 'x' where id > 2 returning *) select * from u",
  ),
  sees("a deletion", "delete from todos where user_id = 'bob' returning *"),
  sees("a deletion with a join", "delete from todos t using posts p where t.id = p.id + 2 returning *"),
  sees(
    "a MERGE that deletes",
    "merge into todos t using (values (3)) v(id) on t.id = v.id when matched then delete when not matched then do nothing",
  ),
  sees(
    "a MERGE that inserts for another",
    "merge into todos t using (values (3)) v(id) on t.id = v.id when not matched then insert (user_id, title) values ('bob', 'x')",
    policyViolated,
  ),
  sees("a row for another", "insert into todos (user_id, title) values ('bob', 'x')", policyViolated),
  sees("a row for nobody", "insert into todos (user_id, title) values (null, 'x')", policyViolated),
  sees(
    "many rows, one for another",
    "insert into todos (user_id, title) select u, 'x' from unnest('{alice,bob}'::text[]) u",
    policyViolated,
  ),
  sees("a row that is given away", "update todos set user_id = 'bob' where id = 1", policyViolated),
  sees(
    "a row given away by upsert",
    "insert into todos (title, slug) values ('x', 'a1') on conflict (slug) do update set user_id = 'bob'",
    policyViolated,
  ),
  sees(
    "an upsert onto another's row",
    "insert into todos (title, slug) values ('x', 'canary-slug-1') on conflict (slug) do update set title = 'x'",
    policyViolated,
  ),
  sees(
    "an upsert that would return it",
    "insert into todos (title, slug) values ('x', 'canary-slug-1') on conflict (slug) do update set title = todos.title returning *",
    policyViolated,
  ),
  sees(
    "an upsert onto another's key",
    "insert into todos (id, title) overriding system value values (3, 'x') on conflict (id) do nothing returning *",
  ),
  sees(
    "a taken slug shows no row, only that it is taken",
    "insert into todos (title, slug) values ('x', 'canary-slug-1')",
    "23505",
  ),
  sees("a missing key shows no row", "insert into comments (todo_id) values (99)", "23503"),
  sees("notes have no policy for deletion", "delete from notes where id = 2", policyViolated),
  sees("another's note", "update notes set body = 'x' where user_id = 'bob' returning *"),
  sees("a note for another", "insert into notes (user_id, body) values ('bob', 'x')", policyViolated),
  sees(
    "nothing is written around the policies' switch",
    "select run_text('set row_security = off'), (select count(*) from todos)",
    { rows: [{ run_text: "", count: "2" }] },
  ),
  [
    "nor in the statement behind it",
    "alice",
    [within("set row_security = off"), "delete from todos where id = 3"],
    "42501",
  ],
  ["nor by pretending to be a replica", "alice", within("set session_replication_role = replica"), "42501"],
  [
    "nor by deferring constraints",
    "alice",
    [within("set constraints all deferred"), "insert into comments (todo_id) values (99)"],
    "23503",
  ],
];

export const reachRowsOfOthers = (battlefield: () => Battlefield): void =>
  attackClass("Reaching rows of others", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    describeAttacks("seeing others' rows", field, reading);
    describeAttacks("writing others' rows", field, writing);
  });
