/** Small workloads, each known to have one thing wrong with it or nothing: that is found, and nothing else. */
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { adviseIndexes } from "../../../src/postgres/advise/advise-indexes.ts";
import { advisedTables } from "../../support/advised-tables.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
let template: string;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer({ autovacuum: "off" });
  template = await server.createDatabase();
  const admin = await server.connect({ database: template });
  await admin.query(advisedTables);
  await admin.query("analyze");
  await admin.end();
});
afterAll(() => server.stop());
beforeEach(async () => {
  client = await server.connect({ database: await server.createDatabase({ template }) });
});

const advise = (...statements: string[]) =>
  adviseIndexes(
    client,
    statements.map((statement) => ({ statement, calls: 50, total_ms: 500 })),
  );
const briefly = async (...statements: string[]) => (await advise(...statements)).map(({ run }) => run);
const create = (what: string) => `CREATE INDEX CONCURRENTLY ON ${what};`;

describe("an index that is missing", () => {
  it.each<[title: string, statement: string, index: string]>([
    ["by one column", "select * from todos where user_id = $1", "todos(user_id)"],
    ["by an alias", "select t.title from todos as t where t.user_id = $1", "todos(user_id)"],
    ["by one of several values", "select * from todos where user_id in ($1, $2, $3)", "todos(user_id)"],
    ["by an array of values", "select * from todos where user_id = any($1)", "todos(user_id)"],
    [
      "beside a column that tells little",
      "select * from todos where user_id = $1 and done = $2",
      "todos(user_id)",
    ],
    ["of an update", "update todos set done = true where user_id = $1", "todos(user_id)"],
    ["of a delete", "delete from todos where user_id = $1", "todos(user_id)"],
    ["of a count", "select count(*) from todos where user_id = $1", "todos(user_id)"],
    [
      "of a subquery",
      "select * from users where id = $1 and exists (select from todos where user_id = $2)",
      "todos(user_id)",
    ],
    [
      "of a common table",
      "with mine as (select * from todos where user_id = $1) select count(*) from mine",
      "todos(user_id)",
    ],
    [
      "of a join",
      "select * from users u join todos t on t.user_id = u.id where u.email = $1",
      "todos(user_id)",
    ],
    [
      "of a union's second half",
      "select id from users where id = $1 union all select id from todos where user_id = $1",
      "todos(user_id)",
    ],
    ["for the newest few", "select * from todos order by created_at desc limit $1", "todos(created_at)"],
    ["for the newest few of one", "select * from todos where title = $1 and created_at > $2", "todos(title)"],
    ["in another schema", "select * from app.orders where total = $1", "app.orders(total)"],
  ])("is found: %s", async (_title, statement, index) => {
    expect(await briefly(statement)).toEqual([create(index)]);
  });

  it("is one for all statements that want it, and gone once it is there", async () => {
    const statements = ["select * from todos where user_id = $1", "delete from todos where user_id = $1"];
    const [advice, ...others] = await advise(...statements);
    expect(others).toEqual([]);
    expect(advice).toMatchObject({
      kind: "missing_index",
      table: "todos",
      columns: ["user_id"],
      calls: 100,
      statements,
    });
    expect(advice!.cost_before).toBeGreaterThan(100);
    await client.query(advice!.run);
    await client.query("analyze todos");
    expect(await briefly(...statements)).toEqual([]);
  });

  it("is named so that it can be made, whatever the names are", async () => {
    await client.query(`create table "My Table" (id int, "Group; Id" int);
      insert into "My Table" select n, n from generate_series(1, 5000) n; analyze "My Table";`);
    const runs = await briefly('select * from "My Table" where "Group; Id" = $1');
    expect(runs).toEqual([create('"My Table"("Group; Id")')]);
    await client.query(runs[0]!);
  });
});

describe("nothing is missing", () => {
  it.each<[title: string, statement: string]>([
    ["for a primary key", "select * from users where id = $1"],
    ["for a unique column", "select * from users where email = $1"],
    ["where an index begins with it", "select * from app.orders where user_id = $1"],
    [
      "where an index has it and the order",
      "select * from app.orders where user_id = $1 order by created_at desc limit $2",
    ],
    ["for a small table", "select * from settings where key = $1"],
    ["for a column with few values", "select * from todos where done = $1"],
    ["for another such", "select * from app.orders where state = $1"],
    ["for what is not equal", "select * from todos where user_id <> $1"],
    ["for either of two", "select * from todos where user_id = $1 or title = $2"],
    ["for all rows", "select * from todos"],
    ["for a pattern", "select * from todos where title like $1"],
    ["for what is computed", "select * from todos where lower(title) = $1"],
    ["for a column against another of its row", "select * from todos where user_id = id"],
    ["for a range alone", "select * from todos where created_at > $1"],
    ["for a document's content", "select * from todos where tags @> $1"],
    ["for what nobody can read", "this is no statement"],
    ["for a table that there is not", "select * from nowhere where id = $1"],
    ["for an insert", "insert into todos (id, user_id, done, created_at) values ($1, $2, $3, $4)"],
  ])("%s", async (_title, statement) => {
    expect(await briefly(statement)).toEqual([]);
  });

  it("for what ran a few times only", async () => {
    const workload = [{ statement: "select * from todos where user_id = $1", calls: 4, total_ms: 100 }];
    expect(await adviseIndexes(client, workload)).toEqual([]);
  });
});

describe("an index that is not needed", () => {
  it("is found when nobody uses it, when another does its work, and when making it failed", async () => {
    await client.query(`
      create index todos_user on todos (user_id);
      create index todos_user_again on todos (user_id);
      create index todos_title on todos (title);
      create index todos_created on todos (created_at);`);
    await client.query(
      "insert into todos select n, 1, false, 'x', now() from generate_series(20001, 20002) n",
    );
    await expect(
      client.query("create unique index concurrently todos_broken on todos (done)"),
    ).rejects.toThrow();
    for (let at = 0; at < 110; at += 1) {
      await client.query("set enable_seqscan = off");
      await client.query("select * from todos where user_id = $1", [at]);
      await client.query("select * from todos where created_at > now() - interval '1 minute'");
    }
    await client.query("select pg_stat_force_next_flush()");
    await client.query("reset enable_seqscan");
    const found = (await advise()).map(({ kind, index }) => `${kind} ${index}`);
    expect(found.sort()).toEqual([
      "duplicate_index todos_user_again",
      "invalid_index todos_broken",
      "unused_index todos_title",
    ]);
  });

  it("is none where it keeps a promise", async () => {
    for (let at = 0; at < 110; at += 1) await client.query("select count(*) from settings");
    await client.query("select pg_stat_force_next_flush()");
    expect(await advise()).toEqual([]);
  });
});
