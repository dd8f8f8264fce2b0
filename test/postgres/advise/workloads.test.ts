/**
 * Workloads as applications have them, each with what is known to be wrong with it: how much of that is advised (recall), and
 * how much of what is advised is right (precision), with hypopg and without.
 */
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adviseIndexes, type IndexAdvice } from "../../../src/postgres/advise/advise-indexes.ts";
import { advisedTables } from "../../support/advised-tables.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

interface Workload {
  title: string;
  /** What is done to the tables first. */
  before?: string;
  statements: string[];
  calls?: number;
  /** Tables and columns of what is missing; kind and name of what is there in vain. */
  wrong: string[];
}

const byUser = "select * from todos where user_id = $1";
const workloads: Workload[] = [
  {
    title: "a list of one's own, one of them, and how many",
    statements: [
      byUser,
      "select * from todos where id = $1",
      "select count(*) from todos where user_id = $1",
    ],
    wrong: ["todos(user_id)"],
  },
  {
    title: "logging in",
    statements: [
      "select id, name from users where email = $1",
      "select * from users where id = $1",
      "update users set name = $2 where id = $1",
    ],
    wrong: [],
  },
  {
    title: "orders of a customer, the newest first",
    statements: [
      "select * from app.orders where user_id = $1 order by created_at desc limit $2",
      "select * from app.orders where id = $1",
      "select sum(total) from app.orders where user_id = $1 and created_at > $2",
    ],
    wrong: [],
  },
  {
    title: "a dashboard over all there is",
    statements: [
      "select state, count(*), sum(total) from app.orders group by state",
      "select date_trunc('day', created_at) as day, count(*) from todos group by 1 order by 1",
    ],
    wrong: [],
  },
  {
    title: "the newest of all",
    statements: ["select id, title from todos order by created_at desc limit 20"],
    wrong: ["todos(created_at)"],
  },
  {
    title: "page by page behind a key",
    statements: ["select * from todos where id > $1 order by id limit 50"],
    wrong: [],
  },
  {
    title: "two things at once",
    statements: [byUser, "select * from app.orders where total = $1"],
    wrong: ["app.orders(total)", "todos(user_id)"],
  },
  {
    title: "changing and clearing by a column",
    statements: ["update todos set done = true where user_id = $1", "delete from todos where user_id = $1"],
    wrong: ["todos(user_id)"],
  },
  {
    title: "joined from the other side",
    statements: ["select u.name, t.title from users u join todos t on t.user_id = u.id where u.id = $1"],
    wrong: ["todos(user_id)"],
  },
  {
    title: "joined by a key that is there",
    statements: ["select t.title, u.name from todos t join users u on u.id = t.user_id where t.id = $1"],
    wrong: [],
  },
  {
    title: "by a name that some share",
    statements: ["select * from users where name = $1"],
    wrong: ["users(name)"],
  },
  {
    title: "a table that fits a page or two",
    statements: ["select * from settings where key = $1", "select * from settings order by key limit 1"],
    wrong: [],
  },
  {
    title: "patterns, expressions, documents",
    statements: [
      "select * from todos where title ilike $1",
      "select * from users where lower(email) = $1",
      "select * from todos where tags @> $1",
      "select * from todos where tags ->> 'colour' = $1",
    ],
    wrong: [],
  },
  {
    title: "an index that is there already",
    before: "create index todos_user on todos (user_id)",
    statements: [byUser, "select * from todos where user_id = $1 and done = $2"],
    wrong: [],
  },
  {
    title: "the same index twice",
    before: "create index todos_user on todos (user_id); create index todos_user_again on todos (user_id)",
    statements: [byUser],
    wrong: ["duplicate_index todos_user_again"],
  },
  {
    title: "an index that a longer one covers",
    before:
      "create index todos_user on todos (user_id); create index todos_user_title on todos (user_id, title)",
    statements: [byUser, "select * from todos where user_id = $1 and title = $2"],
    wrong: ["duplicate_index todos_user"],
  },
  {
    title: "an index of the part that is asked for",
    before: "create index todos_open on todos (user_id) where not done",
    statements: ["select * from todos where user_id = $1 and not done"],
    wrong: [],
  },
  {
    title: "an index of another kind that does",
    before: "create index todos_user_hash on todos using hash (user_id)",
    statements: [byUser],
    wrong: [],
  },
  {
    title: "an index on an expression that does",
    before: "create index users_lower on users (lower(email))",
    statements: ["select * from users where lower(email) = $1"],
    wrong: [],
  },
  {
    title: "writing",
    statements: [
      "insert into todos (id, user_id, done, created_at) values ($1, $2, $3, $4)",
      "insert into users (id, email) values ($1, $2) on conflict (email) do update set name = excluded.name",
    ],
    wrong: [],
  },
  {
    title: "either this or that",
    statements: ["select * from todos where user_id = $1 or title = $2"],
    wrong: [],
  },
  {
    title: "a report over a span of time",
    statements: ["select count(*) from todos where created_at between $1 and $2"],
    wrong: [],
  },
  {
    title: "a list of ids",
    statements: ["select * from users where id = any($1)", "select * from todos where user_id = any($1)"],
    wrong: ["todos(user_id)"],
  },
  {
    title: "what stands in a subquery",
    statements: [
      "update users set team = 1 where id = $1 and exists (select from todos t where t.user_id = $2)",
    ],
    wrong: ["todos(user_id)"],
  },
  {
    title: "so many of each that the whole is read anyway",
    before: `create table visits (id int primary key, page int not null, note text);
      insert into visits select n, n % 22, repeat('x', 400) from generate_series(1, 20000) n; analyze visits`,
    statements: ["select * from visits where page = $1"],
    wrong: [],
  },
  { title: "what was asked twice only", statements: [byUser], calls: 2, wrong: [] },
  {
    title: "a materialized view",
    before:
      "create materialized view totals as select user_id, count(*) as todos from todos group by user_id; analyze totals",
    statements: ["select todos from totals where user_id = $1"],
    wrong: ["totals(user_id)"],
  },
  {
    title: "names that must be quoted",
    before: `create table "Order Lines" ("Order" int, "select" text);
      insert into "Order Lines" select n, n from generate_series(1, 5000) n; analyze "Order Lines"`,
    statements: ['select * from "Order Lines" where "Order" = $1'],
    wrong: ['"Order Lines"("Order")'],
  },
];

let server: TestServer;
const templates = new Map<string, string>();

beforeAll(async () => {
  server = await startTestServer({ autovacuum: "off" });
  const template = await server.createDatabase();
  const admin = await server.connect({ database: template });
  await admin.query(advisedTables);
  await admin.query("analyze");
  const { rows } = await admin.query("select from pg_available_extensions where name = 'hypopg'");
  await admin.end();
  templates.set("without hypopg", template);
  if (rows.length === 0) return;
  const pretending = await server.createDatabase({ template });
  const other = await server.connect({ database: pretending });
  await other.query("create schema tools; create extension hypopg schema tools");
  await other.end();
  templates.set("with hypopg", pretending);
});
afterAll(() => server.stop());

const nameOf = ({ kind, run, index }: IndexAdvice): string =>
  kind === "missing_index" ? run.replace(/^CREATE INDEX CONCURRENTLY ON (.*);$/, "$1") : `${kind} ${index}`;

async function advise(
  client: pg.Client,
  { statements, calls = 50, before }: Workload,
): Promise<IndexAdvice[]> {
  if (before !== undefined) await client.query(before);
  return adviseIndexes(
    client,
    statements.map((statement) => ({ statement, calls, total_ms: 500 })),
  );
}

describe.each(["without hypopg", "with hypopg"])("advice on workloads that are known, %s", (mode) => {
  it("finds what is wrong and nothing else", async (context) => {
    const template = templates.get(mode);
    // A toolchain of the distribution whose release has no package of it, or the system's own.
    if (template === undefined)
      return context.skip("This Postgres has no hypopg: the package is not installed.");
    expect(workloads.length).toBeGreaterThanOrEqual(20);
    const unchanged = await server.connect({ database: await server.createDatabase({ template }) });
    const told: string[] = [];
    const count = { right: 0, advised: 0, wrong: 0 };
    for (const workload of workloads) {
      const own = workload.before !== undefined;
      const client = own
        ? await server.connect({ database: await server.createDatabase({ template }) })
        : unchanged;
      const advice = await advise(client, workload);
      if (own) await client.end();
      const names = advice.map(nameOf).sort();
      count.advised += names.length;
      count.wrong += workload.wrong.length;
      count.right += names.filter((name) => workload.wrong.includes(name)).length;
      if (names.join() !== workload.wrong.join())
        told.push(`${workload.title}: ${names.join(", ") || "nothing"}`);
      const missing = advice.filter(({ kind }) => kind === "missing_index");
      for (const { cost_before: before, cost_after: after, cost_after_guess: guess } of missing) {
        if (mode === "without hypopg") expect(after).toBeNull();
        // Whoever reads it sees what is gained, never the same twice.
        expect(after ?? guess).toBeLessThanOrEqual(0.7 * before!);
      }
    }
    await unchanged.end();
    const [precision, recall] = [count.right / count.advised, count.right / count.wrong];
    console.info(
      `${workloads.length} workloads ${mode}: precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)} (${count.wrong} things wrong)`,
    );
    expect({ told, precision, recall }).toEqual({ told: [], precision: 1, recall: 1 });
  });
});
