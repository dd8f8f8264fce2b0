/** Being somebody else: whatever SQL a user sends, `auth.uid()` stays who his token says, or becomes nobody. */
import { type Attack, describeAttacks, found, within, withinBoth } from "../../support/attack.ts";
import { attackClass } from "../../support/attack-count.ts";
import { type Battlefield, isolations } from "../../support/battlefield.ts";

const slot = "session_preload_libraries";
const forged = "E'postern\\x1fbob\\x1f{}'";
const whoAmI = "select auth.uid()";
const mine = "select string_agg(title, ',' order by id) from todos";

const atTopLevel: Attack[] = [
  ["set_config writes no identity", "alice", `select set_config('${slot}', ${forged}, true)`, "42501"],
  [
    "nor the claims of other servers",
    "alice",
    "select set_config('request.jwt.claims', '{}', true)",
    "42501",
  ],
  [
    "nor before a scan in the same statement",
    "alice",
    `with f as materialized (select set_config('${slot}', ${forged}, true)) select title from f, todos`,
    "42501",
  ],
  ["nor by its full name", "alice", `select pg_catalog.set_config('${slot}', ${forged}, true)`, "42501"],
  ["nor by a name in Unicode escapes", "alice", `select U&"\\0073et_config"('${slot}', 'x', true)`, "42501"],
  [
    "nor by a cast to regprocedure and its oid",
    "alice",
    "select 'set_config(text,text,boolean)'::regprocedure::oid > 0 as known, set_config('a.b', 'c', true)",
    "42501",
  ],
  [
    "nor through pg_settings",
    "alice",
    `update pg_settings set setting = ${forged} where name = '${slot}'`,
    "42501",
  ],
  ["SET is no statement for clients", "alice", `set ${slot} = 'x'`, "42601"],
  ["nor SET LOCAL, behind a comment", "alice", `/* select 1 */ set local ${slot} = 'x'`, "42601"],
  ["nor SET ROLE", "alice", "set role none", "42601"],
  ["nor RESET", "alice", "reset role", "42601"],
  ["nor SET SESSION AUTHORIZATION", "alice", "set session authorization default", "42601"],
  ["nor DO", "alice", "do $$ begin perform set_config('a.b', 'c', false); end $$", "42601"],
  ["nor PREPARE", "alice", "prepare p as select 1", "42601"],
  ["nor EXECUTE of what the gate prepares", "alice", "execute _p", "42601"],
  ["nor DECLARE", "alice", "declare c cursor with hold for select 1", "42601"],
  ["a second statement behind the first is refused", "alice", `select 1; set ${slot} = 'x'`, "42601"],
  ["also behind a comment that hides a semicolon", "alice", `select 1 --\n; set ${slot} = 'x'`, "42601"],
  ["also behind a dollar quote", "alice", `select $a$;$a$; set ${slot} = 'x'`, "42601"],
  ["also where backslashes might end a text", "alice", `select '\\'; set ${slot} = 'x' --'`, "42601"],
  ["also in a /transaction", "alice", ["select 1", `select 1; set ${slot} = 'x'`], "42601"],
  ["the transaction is not ended from inside", "alice", "commit", "Y1007"],
  ["nor behind a comment", "alice", "-- select\ncommit", "Y1007"],
  [
    "nor between the statements of a /transaction",
    "alice",
    ["select 1", "/**/ rollback", "select 1"],
    "Y1007",
  ],
  ["auth.attach is not for users", "alice", "select auth.attach('bob', 9999999999, '00')", "42501"],
  ["nor for anon", "anon", "select auth.attach('bob', 9999999999, '00')", "42501"],
  ["the identity's setting is not to be read", "alice", `select current_setting('${slot}')`, "42501"],
  ["the key is not to be read", "alice", "select * from pg_postern.mac_key", "42501"],
  [
    "a parameter is a value and no SQL",
    "alice",
    { sql: "select $1::text as found", params: ["'; set role none; --"] },
    found("'; set role none; --"),
  ],
  [
    "a column named like the function is no identity",
    "alice",
    "select auth.uid() as found from (select 'bob' as uid) auth",
    found("alice"),
  ],
  [
    "a query named like the table is no table",
    "alice",
    "with todos as (select 'x' as title) select count(*)::text as found from public.todos",
    found("2"),
  ],
  ["xml functions run no statement", "alice", "select query_to_xml('select 1', true, true, '')", "42501"],
  ["nor cursor_to_xml", "alice", "select cursor_to_xml('c', 1, true, true, '')", "42501"],
  ["nor ts_stat", "alice", "select * from ts_stat('select to_tsvector(title) from todos')", "42501"],
  [
    "nor ts_rewrite",
    "alice",
    "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery')",
    "42501",
  ],
];

const insideFunctions: Attack[] = [
  ["SET writes no identity", "alice", within(`set ${slot} = ${forged}`), "42501"],
  ["nor SET LOCAL", "alice", within(`set local ${slot} = 'x'`), "42501"],
  ["nor set_config", "alice", within(`select set_config('${slot}', ${forged}, true)`), "42501"],
  ["RESET does not touch it", "alice", within(`reset ${slot}`), "42501"],
  ["SHOW does not tell it", "alice", within(`show ${slot}`), "42501"],
  ["RESET ALL leaves nobody", "alice", withinBoth("reset all", whoAmI), found(null)],
  ["and nobody's rows", "alice", withinBoth("reset all", mine), found(null)],
  ["RESET ROLE falls back on a role without rights", "alice", withinBoth("reset role", mine), "42501"],
  [
    "which cannot attach another identity",
    "alice",
    withinBoth("reset role", "select auth.attach(E'bob\\x1f{}', 9999999999, repeat('00', 32))::text"),
    "42501",
  ],
  [
    "nor with nulls",
    "alice",
    withinBoth("reset role", "select auth.attach(E'bob\\x1f{}', null, null)::text"),
    "42501",
  ],
  [
    "nor read the key",
    "alice",
    withinBoth("reset role", "select inner_key::text from pg_postern.mac_key"),
    "42501",
  ],
  ["nor become the owner of the identity", "alice", within("reset role; set role postern_ident"), "42501"],
  [
    "SET SESSION AUTHORIZATION to its own leads there too",
    "alice",
    withinBoth("set session authorization default", mine),
    "42501",
  ],
  ["to the superuser it is refused", "alice", within("set session authorization postern_admin"), "42501"],
  ["anon cannot become authenticated", "anon", within("set role authenticated"), "42501"],
  ["nor can authenticated become anon", "alice", within("set role anon"), "42501"],
  ["nor by way of the login role", "anon", within("reset role; set role authenticated"), "42501"],
  ["row security is not switched off", "alice", withinBoth("set row_security = off", mine), "42501"],
  ["COMMIT is refused", "alice", within("commit"), "0A000"],
  ["so is ROLLBACK", "alice", within("rollback"), "0A000"],
  ["so is DO", "alice", within("do 'begin commit; end'"), "42501"],
  [
    "no function of one's own comes in front of auth.uid()",
    "alice",
    within("create function pg_temp.uid() returns text language sql as 'select ''bob'''"),
    "42501",
  ],
  [
    "nor does one in public",
    "alice",
    within("create function public.uid() returns text return 'bob'"),
    "42501",
  ],
  [
    "a search_path leads to no other auth.uid()",
    "alice",
    withinBoth("set search_path = pg_temp, public", whoAmI),
    found("alice"),
  ],
  [
    "settings that others read identities from say nothing",
    "alice",
    withinBoth('set request.jwt.claims = \'{"sub":"bob"}\'', whoAmI),
    found("alice"),
  ],
  [
    "replanning changes nobody",
    "alice",
    withinBoth("set plan_cache_mode = force_generic_plan", whoAmI),
    found("alice"),
  ],
  [
    "nor do parallel workers",
    "alice",
    withinBoth("set debug_parallel_query = on; set max_parallel_workers_per_gather = 2", mine),
    found("alice one,alice two"),
  ],
  [
    "what a function set ends with the transaction",
    "alice",
    ["select run_text('reset role')", "select run_text('select 1')"],
    "42501",
  ],
  [
    "a statement prepared in a function is run by nobody",
    "alice",
    [within("prepare p as select * from vault"), "select run_value('execute p')"],
    "42501",
  ],
];

export const forgeIdentities = (battlefield: () => Battlefield): void =>
  attackClass("Forging an identity", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    describeAttacks("forging an identity at top level", field, atTopLevel);
    describeAttacks("forging an identity inside an application's function", field, insideFunctions);
  });
