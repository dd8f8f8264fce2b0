/** Leaving something behind for whoever gets the session next. */
import { expect, it } from "vitest";
import { type Attack, attack, describeAttacks, within, withinBoth } from "../../support/attack.ts";
import { attackClass, attackIt, countAttack } from "../../support/attack-count.ts";
import {
  type Battlefield,
  type Field,
  isolations,
  type Statement,
  type Who,
} from "../../support/battlefield.ts";

/** What a user leaves (each can be left, inside a careless function), and how another would meet with it. */
type Poison = [what: string, leaving: Statement, meeting: string | Statement, clean: Attack[3]];

const setting = (name: string, value: string, clean: string): Poison => [
  name,
  within(`set ${name} = ${value}`),
  `select current_setting('${name}') as v`,
  { rows: [{ v: clean }] },
];

const poisons: Poison[] = [
  setting("search_path", "pg_temp, vault", "public"),
  setting("timezone", "'Asia/Tokyo'", "UTC"),
  setting("datestyle", "german", "ISO, MDY"),
  setting("intervalstyle", "iso_8601", "postgres"),
  setting("bytea_output", "escape", "hex"),
  setting("extra_float_digits", "-15", "1"),
  setting("client_encoding", "latin1", "UTF8"),
  setting("statement_timeout", "1", "5s"),
  setting("lock_timeout", "1", "3s"),
  setting("transaction_timeout", "9000", "15s"),
  setting("idle_in_transaction_session_timeout", "0", "10s"),
  setting("idle_session_timeout", "1", "0"),
  setting("default_transaction_read_only", "on", "off"),
  setting("default_transaction_isolation", "serializable", "read committed"),
  setting("default_transaction_deferrable", "on", "off"),
  setting("row_security", "off", "on"),
  setting("work_mem", "'2GB'", "8MB"),
  setting("temp_buffers", "'1GB'", "8MB"),
  setting("role", "none", "authenticated"),
  setting("transform_null_equals", "on", "off"),
  setting("standard_conforming_strings", "off", "on"),
  setting("xmloption", "document", "content"),
  setting("application_name", "'evil'", "postern"),
  setting("exit_on_error", "on", "off"),
  setting("restrict_nonsystem_relation_kind", "view", ""),
  setting("gin_fuzzy_search_limit", "1", "0"),
  setting("default_text_search_config", "'simple'", "pg_catalog.english"),
  setting("client_min_messages", "debug5", "notice"),
  setting("plan_cache_mode", "force_generic_plan", "auto"),
  [
    "a setting of the application's",
    within("set app.tenant = 'evil'"),
    "select nullif(current_setting('app.tenant', true), '') as v",
    { rows: [{ v: null }] },
  ],
  [
    "the threshold of an extension",
    { sql: "select set_limit(0.01)" },
    "select show_limit()::text as v",
    { rows: [{ v: "0.3" }] },
  ],
  ["a role", within("reset role"), "select current_user::text as v", { rows: [{ v: "authenticated" }] }],
  [
    "a session authorization",
    within("set session authorization default"),
    "select current_user::text as v",
    { rows: [{ v: "authenticated" }] },
  ],
  [
    "read-only sessions",
    within("set session characteristics as transaction read only"),
    "update todos set title = 'x' where false",
    { rows: [] },
  ],
  [
    "a prepared statement",
    within("prepare p as select title from todos"),
    withinBoth("select 1", "execute p"),
    "26000",
  ],
  [
    "a prepared statement of the gate's name",
    within("deallocate _p; prepare _p as select 'evil' as v"),
    "select 'mine' as v",
    { rows: [{ v: "mine" }] },
  ],
  [
    "a held cursor",
    within("declare c cursor with hold for select 1"),
    withinBoth("select 1", "fetch c"),
    "34000",
  ],
  ["the last value of a sequence", { sql: "select nextval('tickets')" }, "select lastval()", "55000"],
  ["its current value", { sql: "select nextval('tickets')" }, "select currval('tickets')", "55000"],
  ["a subscription", within("listen x"), "select 1 as v", { rows: [{ v: 1 }] }],
  [
    "a lock of a table",
    within("lock table todos in share mode"),
    "update todos set title = 'x' where false",
    { rows: [] },
  ],
  [
    "locked rows",
    { sql: "select id from todos for update" },
    "select count(*)::int as n from todos",
    { rows: [{ n: 2 }] },
  ],
  ["a failed transaction", { sql: "select 1 / 0" }, "select 1 as v", { rows: [{ v: 1 }] }],
  [
    "temporary tables of a function with rights",
    { sql: "select leave_temporary()" },
    "select * from left_behind",
    "42P01",
  ],
];

export const poisonSessions = (battlefield: () => Battlefield): void =>
  attackClass("Poisoning sessions", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    const pidOf = async (who: Who) =>
      (await field().ask(who, "select pg_backend_pid() as pid")).body.rows[0].pid;

    for (const [what] of poisons) countAttack(what);
    it.each(poisons)("%s", async (...[, leaving, meeting, clean]) => {
      await bringTemporaryTables(field());
      // Requests that follow each other mostly get the same session, and bob must have stood where alice has stood.
      for (let round = 0; ; round++) {
        const before = await pidOf("alice");
        await field().ask("alice", leaving);
        await attack(field(), "bob", meeting, clean);
        if ((await pidOf("bob")) === before) break;
        expect(round).toBeLessThan(20);
      }
    });

    describeAttacks("afterwards", field, [
      ["everything is as it was", "alice", "select 1 as v", { rows: [{ v: 1 }] }],
    ]);

    countAttack("the seed of random()");
    it.each([
      ["by setseed()", "select setseed(0.5)"],
      ["by SET within a function", "select run_text('set seed = 0.5')"],
    ])("nobody knows what random() will give to others: %s", async (_how, sql) => {
      const seen = new Set<number>();
      for (let round = 0; round < 3; round++) {
        await field().ask("alice", sql);
        seen.add((await field().ask("bob", "select random() as r")).body.rows[0].r);
        await field().ask("anon", sql.replace("alice", "anon"));
        seen.add((await field().ask("anon", "select random() as r")).body.rows[0].r);
      }
      expect(seen.size).toBe(6);
    });

    attackIt("a plan that a function keeps for one user shows another only his own rows", async () => {
      for (const who of ["alice", "bob", "alice", "bob", "carol", "alice", "bob", "alice"]) {
        const { body } = await field().ask(
          who,
          "select count(*)::int as n, min(t) like 'canary%' as bobs from titles() t",
        );
        expect(body.rows).toEqual([
          { n: who === "carol" ? 0 : 2, bobs: { alice: false, bob: true }[who] ?? null },
        ]);
      }
    });

    attackIt(
      "what a login role was led to set for itself counts in no session that is opened later",
      async () => {
        const settings = [
          ...[
            "exit_on_error = on",
            "restrict_nonsystem_relation_kind = 'view'",
            "gin_fuzzy_search_limit = 1",
          ],
          ...["search_path = pg_catalog", "default_transaction_read_only = on", "statement_timeout = 1"],
          ...[
            "role = 'anon'",
            "timezone = 'Asia/Tokyo'",
            "local_preload_libraries = 'nope'",
            "work_mem = '2GB'",
          ],
          ...["quote_all_identifiers = on", "xmloption = document", "plan_cache_mode = force_generic_plan"],
        ].map((text) => `alter role current_user set ${text}`);
        const statement = within(
          ["reset role", ...settings, "alter role current_user password 'x'"].join("; "),
        );
        expect((await field().ask("alice", statement)).status).toBe(200);
        const [{ n }] = await endSessions(field());
        expect(n).toBeGreaterThan(0);
        await expect
          .poll(async () => (await field().ask("bob", "select title from my_todos")).status)
          .toBe(200);
        await attack(field(), "bob", "select 1 / 0", "22012");
        const { body } = await field().ask("bob", {
          sql: "select json_object_agg(n, current_setting(n)) as settings from unnest($1::text[]) n",
          params: [settings.map((text) => text.split(" ")[4]!)],
        });
        expect(body.rows[0].settings).toEqual({
          default_transaction_read_only: "off",
          exit_on_error: "off",
          gin_fuzzy_search_limit: "0",
          local_preload_libraries: "",
          plan_cache_mode: "auto",
          quote_all_identifiers: "off",
          restrict_nonsystem_relation_kind: "",
          role: "authenticated",
          search_path: "public",
          statement_timeout: "5s",
          timezone: "UTC",
          work_mem: "8MB",
          xmloption: "content",
        });
      },
    );
  });

/** A function with its owner's rights may make what its callers may not. */
async function bringTemporaryTables(field: Field): Promise<void> {
  await field.ask(
    "owner",
    `create or replace function leave_temporary() returns void language plpgsql security definer set search_path = public, pg_temp as
       'begin create temp table if not exists left_behind as select ''canary''; grant all on left_behind to public; end'`,
  );
  await field.ask("owner", "grant execute on function leave_temporary to authenticated");
}

const endSessions = (field: Field) =>
  field.lookInside<{ n: number }>(
    "select count(pg_terminate_backend(pid))::int as n from pg_stat_activity where usename ~ '_(authd|anon)$'",
  ) as Promise<[{ n: number }]>;
