import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

let fixture: QueryFixture;

beforeAll(async () => {
  fixture = await startQueryFixture();
  await fixture.execute("create table item (id int primary key deferrable initially deferred, name text)");
});
beforeEach(() => fixture.execute("truncate item"));
afterAll(() => fixture.close());

const stored = async () => (await fixture.query("select id from item order by id")).rows.map((row) => row.id);

describe("/transaction", () => {
  it("answers each statement and keeps them all", async () => {
    const answer = await fixture.transaction([
      { sql: "insert into item values ($1, $2), (2, 'b')", params: [1, "a"] },
      { sql: "update item set name = upper(name) returning id, name" },
      "select count(*)::int as n from item",
      "create index if not exists item_name on item (name)",
    ]);
    const text = (name: string) => ({ name, type_oid: 25, type: "text" });
    const int = (name: string) => ({ name, type_oid: 23, type: "int4" });
    expect(answer).toEqual({
      results: [
        { rows: [], fields: [], rows_affected: 2 },
        {
          rows: [
            { id: 1, name: "A" },
            { id: 2, name: "B" },
          ],
          fields: [int("id"), text("name")],
          rows_affected: 2,
        },
        { rows: [{ n: 2 }], fields: [int("n")], rows_affected: 1 },
        { rows: [], fields: [], rows_affected: 0 },
      ],
    });
    expect(await stored()).toEqual([1, 2]);
  });

  it("keeps nothing when one fails, and says which", async () => {
    await expect(
      fixture.transaction([
        "insert into item values (1)",
        "insert into item values (2)",
        "insert into missing values (3)",
      ]),
    ).rejects.toMatchObject({ code: "42P01", statementIndex: 2, position: 13 });
    expect(await stored()).toEqual([]);
  });

  it("names the statement that fails at its parameters or in the middle of its rows", async () => {
    await expect(
      fixture.transaction(["select 1", { sql: "select $1::int", params: ["no number"] }, "select 2"]),
    ).rejects.toMatchObject({ code: "22P02", statementIndex: 1 });
    await expect(
      fixture.transaction(["select 1 / (5 - n) from generate_series(1, 10) n", "select 2"]),
    ).rejects.toMatchObject({ code: "22012", statementIndex: 0 });
    await expect(
      fixture.transaction(["select 1", { sql: "select $1::int[]", params: [["no number"]] }]),
    ).rejects.toMatchObject({ code: "22P02", statementIndex: 1 });
    await expect(
      fixture.transaction([
        "select 1",
        { sql: "select missing from item where id = any($1)", params: [[1]] },
      ]),
    ).rejects.toMatchObject({ code: "42703", statementIndex: 1 });
  });

  it("fails as a whole when a deferred constraint is violated at its end", async () => {
    const failure = fixture.transaction(["insert into item values (1)", "insert into item values (1)"]);
    await expect(failure).rejects.toMatchObject({ code: "23505", statementIndex: undefined });
    expect(await stored()).toEqual([]);
  });

  it.each(["commit", "/* x */ ; rollback", "savepoint a", "begin", "prepare transaction 'x'", "end"])(
    "cannot be broken up by its own statements: %s",
    async (sql) => {
      await expect(
        fixture.transaction(["insert into item values (1)", sql, "insert into missing values (2)"]),
      ).rejects.toMatchObject({ code: "Y1007", statementIndex: 1 });
      expect(await stored()).toEqual([]);
    },
  );

  it("cannot be broken up by procedures and blocks that commit", async () => {
    await fixture.execute("create procedure settle() language plpgsql as 'begin commit; end'");
    for (const sql of ["call settle()", "do 'begin commit; end'"]) {
      await expect(
        fixture.transaction(["insert into item values (1)", sql, "select 1"]),
      ).rejects.toMatchObject({ code: "2D000", statementIndex: 1 });
    }
    expect(await stored()).toEqual([]);
  });

  it("cannot be broken up by two statements in one", async () => {
    await expect(
      fixture.transaction(["insert into item values (1)", "select 1; commit"]),
    ).rejects.toMatchObject({
      code: "42601",
      statementIndex: 1,
      hint: expect.stringContaining("/transaction"),
    });
    expect(await stored()).toEqual([]);
  });

  it("refuses what cannot run in a transaction, with a hint", async () => {
    await expect(fixture.transaction(["vacuum item"])).rejects.toMatchObject({
      code: "25001",
      hint: expect.stringContaining("/execute"),
    });
  });

  it("runs at the isolation level asked for", async () => {
    for (const isolation_level of ["read committed", "repeatable read", "serializable"] as const) {
      const { results } = await fixture.transaction(["show transaction_isolation"], { isolation_level });
      expect(results[0]!.rows).toEqual([{ transaction_isolation: isolation_level }]);
    }
    await expect(
      fixture.transaction(["select 1"], { isolation_level: "serializable; drop table item" as never }),
    ).rejects.toMatchObject({ code: "Y1001" });
  });

  it("reads only where that was asked for, and may be deferrable", async () => {
    await expect(
      fixture.transaction(["select 1", "insert into item values (1)"], { read_only: true }),
    ).rejects.toMatchObject({ code: "25006", statementIndex: 1 });
    const { results } = await fixture.transaction(["show transaction_deferrable"], {
      isolation_level: "serializable",
      read_only: true,
      deferrable: true,
    });
    expect(results[0]!.rows).toEqual([{ transaction_deferrable: "on" }]);
  });

  it("two that cannot be serialised: one fails with 40001 and keeps nothing", async () => {
    await fixture.execute("insert into item values (1, 'a'), (2, 'a')");
    const swap = (id: number) =>
      fixture.transaction(
        [
          "select count(*) from item where name = 'a'",
          "select pg_sleep(0.3)",
          { sql: "update item set name = 'b' where id = $1", params: [id] },
        ],
        { isolation_level: "serializable" },
      );
    const ends = await Promise.allSettled([swap(1), swap(2)]);
    const failures = ends.filter((end) => end.status === "rejected");
    expect(failures.map((end) => end.reason.code)).toEqual(["40001"]);
    expect((await fixture.query("select count(*)::int as n from item where name = 'b'")).rows).toEqual([
      { n: 1 },
    ]);
  });

  it("without statements is empty", async () => {
    expect(await fixture.transaction([])).toEqual({ results: [] });
  });
});
