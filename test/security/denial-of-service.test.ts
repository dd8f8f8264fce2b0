/** Taking the service down: statements, bodies and connections that cost more than they may. */
import { beforeAll, expect, it } from "vitest";
import { expectCalm, useBattlefield, within } from "../support/attack.ts";
import { attackClass, attackIt, countAttack, describeCounts } from "../support/attack-count.ts";
import type { Outcome, Statement } from "../support/battlefield.ts";
import { waitUntil } from "../support/wait-until.ts";

const battlefield = useBattlefield();

/** It runs out of time, in Postgres or by Postern's own watch, or of disk before that. */
const late = ["57014", "Y1009", "25P03", "25P04", "53400"];
const outOfMemory = ["53200", "54000", "XX000", ...late];

type Costly = [what: string, statement: string | Statement, codes: readonly string[]];

const slow: Costly[] = [
  ["counting to ten billion", "select count(*) from generate_series(1, 10000000000)", late],
  [
    "an endless recursion",
    "with recursive r as (select 1 as i union all select i from r) select count(*) from r",
    late,
  ],
  [
    "a product of large sets",
    "select count(*) from generate_series(1, 9999999) a, generate_series(1, 9999999) b where a * b % 7 = 8",
    [...late, "22003", "53400"],
  ],
  ["an endless loop in a function", "select endless()", late],
  [
    "a function that lifts the time limits",
    within(
      "set statement_timeout = 0; set transaction_timeout = 0; set lock_timeout = 0; select count(*) from generate_series(1, 1e11::bigint)",
    ),
    late,
  ],
  [
    "a regular expression",
    "select repeat('x', 200000) ~ '(x+x+)+(y+y+)+$' or repeat('ab', 100000) ~ '^((a|b|ab)*)*c$'",
    [...late, "2201B", "54000", ""],
  ],
  [
    "counting matches",
    "select regexp_count(repeat('a', 5000000), '(a|aa)*?b')",
    [...late, "2201B", "54000", ""],
  ],
  [
    "sorting more than the disk may hold",
    "select g from generate_series(1, 100000000) g order by md5(g::text) limit 1",
    [...late, "53400"],
  ],
  [
    "a join of a hundred tables",
    `select count(*) from ${Array.from({ length: 100 }, (_, n) => `todos t${n}`).join()}`,
    [...late, ""],
  ],
  [
    "a join that is planned for ever",
    {
      sql: "select two_texts($1, $2)",
      params: [
        "set geqo = off; set join_collapse_limit = 1000; set from_collapse_limit = 1000",
        `select count(*) from ${Array.from({ length: 24 }, (_, n) => `notes t${n}`)
          .join(" join ")
          .replaceAll(/ join (notes t(\d+))/g, (_all, table, n) => ` join ${table} on t${n}.id = t0.id`)}`,
      ],
    },
    [...late, "", "53200"],
  ],
  [
    "a power of numbers without end",
    "select length((9.99999999::numeric ^ 99999999)::text)",
    [...late, "22003"],
  ],
  ["a factorial", "select length(factorial(200000)::text)", [...late, "22003"]],
  [
    "drawing all numbers of a sequence",
    "select count(nextval('tickets')) from generate_series(1, 1000000000)",
    late,
  ],
  [
    "similar words",
    "select similarity(repeat('word ', 3000000), repeat('drow ', 3000000))",
    [...late, "53200", "54000", ""],
  ],
  [
    "full text",
    "select length(to_tsvector(string_agg(md5(g::text), ' '))::text) from generate_series(1, 10000000) g",
    [...late, "54000", "53200"],
  ],
  ["a password hash of many rounds", "select crypt('x', gen_salt('bf', 31))", [...late, "22023"]],
];

const large: Costly[] = [
  [
    "eight texts of 900 MB at once",
    `select ${Array.from({ length: 8 }, (_, n) => `length(repeat('x', 900000000) || '${n}')`).join(" + ")}`,
    [...outOfMemory, ""],
  ],
  [
    "eight such texts kept",
    `with t as materialized (select ${Array.from({ length: 8 }, (_, n) => `repeat('${n}', 900000000) as c${n}`).join()}) select length(c0) + length(c7) from t`,
    outOfMemory,
  ],
  [
    "an array of everything",
    "select length(array_agg(repeat(g::text, 100))::text) from generate_series(1, 100000000) g",
    outOfMemory,
  ],
  [
    "a text of everything",
    "select length(string_agg(repeat('x', 1000), '')) from generate_series(1, 100000000) g",
    outOfMemory,
  ],
  [
    "a JSON object of everything",
    "select length(jsonb_object_agg(g, repeat('x', 100))::text) from generate_series(1, 100000000) g",
    outOfMemory,
  ],
  [
    "a filled array",
    "select cardinality(array_fill(0::bigint, array[1000, 1000, 1000]))",
    [...outOfMemory, "22023"],
  ],
  ["a padded text", "select lpad('x', 2000000000)", outOfMemory],
  [
    "work_mem without bounds",
    within(
      "set work_mem = '1TB'; set hash_mem_multiplier = 1000; select count(*) from (select g, count(*) from generate_series(1, 100000000) g group by g) s",
    ),
    [...outOfMemory, "22023"],
  ],
  ["an answer of nine megabytes", "select repeat('x', 9000000) as x", ["Y1008"]],
  ["an answer of many rows", "select g from generate_series(1, 5000000) g", ["Y1008"]],
  [
    "an answer of wide rows",
    `select ${Array.from({ length: 100 }, () => "repeat('x', 1000)").join()} from generate_series(1, 1000)`,
    ["Y1008"],
  ],
  ["JSON nested a million deep", "select repeat('[', 1000000)::jsonb", ["54001"]],
  ["an array nested deep", "select repeat('{', 100000)::int[]", ["22P02", "54000"]],
  [
    "XML that multiplies",
    `select xmlparse(document '<!DOCTYPE a [<!ENTITY a0 "xxxxxxxxxx">${Array.from({ length: 9 }, (_, n) => `<!ENTITY a${n + 1} "${`&a${n};`.repeat(10)}">`).join("")}]><a>&a9;</a>')`,
    ["2200M", "2200N", ""],
  ],
  ["parentheses", `select ${"(".repeat(100_000)}1${")".repeat(100_000)}`, ["54001", "53200", "42601"]],
  ["operators", `select ${"1+".repeat(200_000)}1`, ["54001"]],
  ["minus signs", `select ${"- ".repeat(200_000)}1`, ["54001", "42601"]],
  [
    "subqueries",
    `select * from ${"(select * from ".repeat(5_000)}todos${") s".repeat(5_000)}`,
    ["54001", "42601", ""],
  ],
  [
    "CASE in CASE",
    `select ${"case when true then ".repeat(20_000)}1${" end".repeat(20_000)}`,
    ["54001", "42601"],
  ],
  ["columns without end", `select ${"1,".repeat(10_000)}1`, ["54011"]],
  [
    "a list of values of a megabyte",
    `select count(*)::int as n from todos where id in (${"1,".repeat(400_000)}1)`,
    ["", ...late],
  ],
  ["unions", `select 1${" union all select 1".repeat(40_000)}`, ["54001", "", ...late]],
];

function describeCostly(
  title: string,
  places: readonly ("shared" | "process")[],
  all: readonly Costly[],
  together: number,
): void {
  attackClass("Denial of service", places, (isolation) => {
    for (let from = 0; from < all.length; from += together) {
      const some = all.slice(from, from + together);
      for (const [what] of some) countAttack(what);
      it(`${title}: ${some.map(([what]) => what).join("; ")}`, async () => {
        const field = battlefield().fields[isolation];
        const pid = await field.lookInside("select pg_postmaster_start_time()");
        const attacks = some.map(
          async ([, statement], index): Promise<Outcome> => field.ask(`attacker-${index}`, statement),
        );
        const waits: number[] = [];
        let over = false;
        const ended = Promise.all(attacks).finally(() => (over = true));
        while (!over) {
          const before = performance.now();
          expect((await field.ask("owner", "select count(*)::int as n from vault")).body.rows).toEqual([
            { n: 1 },
          ]);
          waits.push(performance.now() - before);
          await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
        }
        for (const [index, { body }] of (await ended).entries()) {
          const [what, , codes] = some[index]!;
          expect(codes, `${what}: ${JSON.stringify(body).slice(0, 300)}`).toContain(body.code ?? "");
        }
        expect(Math.max(...waits)).toBeLessThan(4_000);
        expect(await field.lookInside("select pg_postmaster_start_time()")).toEqual(pid);
        await waitUntil("no statement of an attacker's runs on", async () => {
          const [row] = await field.lookInside<{ n: number }>(
            "select count(*)::int as n from pg_stat_activity where usename ~ '_(authd|anon)$' and backend_xmin is not null",
          );
          return row!.n === 0;
        });
        await expectCalm(field);
      });
    }
  });
}

/** Begun first and looked at last, since it takes its time. */
let lingering: Promise<Outcome>;
let lingeredMs: number;
beforeAll(() => {
  const before = performance.now();
  const lift = within("set statement_timeout = 0; set transaction_timeout = 0");
  const statements = [lift, ...Array.from({ length: 19 }, () => "select endless()")];
  lingering = battlefield().fields.process.transaction("alice", statements);
  void lingering.finally(() => (lingeredMs = performance.now() - before));
});

describeCostly("slow", ["shared"], slow, 8);
describeCostly("large", ["shared"], large, 8);
attackClass("Denial of service", ["process"], () => {
  attackIt("a transaction of many long statements that lifts its limits", async () => {
    const { body } = await lingering;
    expect(body.code).toBe("Y1009");
    expect(lingeredMs).toBeLessThan(25_000);
    await expectCalm(battlefield().fields.process);
  });
});
describeCounts();
