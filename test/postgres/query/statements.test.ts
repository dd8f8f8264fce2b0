import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type QueryFixture, startQueryFixture, target } from "../../support/query-fixture.ts";

let fixture: QueryFixture;

beforeAll(async () => {
  fixture = await startQueryFixture();
  await fixture.execute("create table item (id int primary key, name text not null)");
});
afterAll(() => fixture.close());

describe("/execute", () => {
  it("says how many rows it changed, and nothing else", async () => {
    expect(await fixture.execute("insert into item values (1, 'a'), (2, 'b'), (3, 'c')")).toEqual({
      rows_affected: 3,
    });
    expect(await fixture.execute("update item set name = 'x' where id = $1", [2])).toEqual({
      rows_affected: 1,
    });
    expect(await fixture.execute("delete from item where id > 100")).toEqual({ rows_affected: 0 });
    expect(await fixture.execute("create table other (id int)")).toEqual({ rows_affected: 0 });
  });

  it("returns rows with RETURNING", async () => {
    expect(await fixture.execute("delete from item where id = 3 returning id")).toEqual({
      rows: [{ id: 3 }],
      fields: [{ name: "id", type_oid: 23, type: "int4" }],
      rows_affected: 1,
    });
  });

  it.each([
    "vacuum item",
    "create index concurrently item_by_name on item (name)",
    "reindex index concurrently item_by_name",
    "drop index concurrently item_by_name",
  ])("runs what wants no transaction around it: %s", async (sql) => {
    expect(await fixture.execute(sql)).toEqual({ rows_affected: 0 });
  });
});

describe("/query", () => {
  it("answers what returns rows without being a SELECT", async () => {
    expect((await fixture.query("show server_encoding")).rows).toEqual([{ server_encoding: "UTF8" }]);
    expect((await fixture.query("values (1), (2)")).row_count).toBe(2);
    expect((await fixture.query("table item")).row_count).toBe(2);
    expect((await fixture.query("explain select 1")).fields[0]!.name).toBe("QUERY PLAN");
  });

  it("answers what returns none with an empty list and the number of rows changed", async () => {
    expect(await fixture.query("update item set name = name")).toEqual({
      rows: [],
      fields: [],
      row_count: 2,
    });
  });
});

describe("an SQL error", () => {
  it("keeps Postgres's code, message, detail and position", async () => {
    await expect(fixture.query("select id, nme from item")).rejects.toMatchObject({
      code: "42703",
      message: 'column "nme" does not exist',
      hint: expect.stringContaining("name"),
      position: 12,
    });
    await expect(fixture.execute("insert into item values (1, 'again')")).rejects.toMatchObject({
      code: "23505",
      detail: "Key (id)=(1) already exists.",
    });
  });

  it("in the midst of the rows gives the error and no rows", async () => {
    await expect(
      fixture.query("select 1 / (50000 - n) from generate_series(1, 60000) n"),
    ).rejects.toMatchObject({
      code: "22012",
    });
    expect((await fixture.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
  });

  it("for two statements in one `sql` keeps 42601 and says where they belong; neither runs", async () => {
    await expect(fixture.execute("delete from item; delete from other")).rejects.toMatchObject({
      code: "42601",
      hint: "Send one statement in `sql`; send several to /transaction.",
    });
    expect((await fixture.query("select from item")).row_count).toBe(2);
  });

  it("for a wrong number of parameters comes from Postgres", async () => {
    await expect(fixture.query("select $1::int, $2::int", [1])).rejects.toMatchObject({ code: "08P01" });
  });
});

describe("what HTTP cannot carry is refused", () => {
  it.each([
    ["copy item to stdout", "Y1011"],
    ["copy item from stdin", "Y1011"],
    ["commit", "Y1007"],
    ["begin", "Y1007"],
    ["-- nothing", "Y1012"],
    ["", "Y1012"],
  ])("%j with %s", async (sql, code) => {
    await expect(fixture.query(sql)).rejects.toMatchObject({ code });
    await expect(fixture.execute(sql)).rejects.toMatchObject({ code });
  });
});

describe("the answer's limit", () => {
  it("ends the statement on the server, with Y1008, and spares the others", async () => {
    const service = fixture.openService({ answerBytes: 1024 * 1024 });
    const large = service.query(target, {
      sql: "select repeat('x', 1000), generate_series(1, 100000000)",
    });
    await expect(large).rejects.toMatchObject({ code: "Y1008" });
    await expect.poll(() => fixture.countActive("generate_series(1, 100000000)")).toBe(0);
    await expect(service.query(target, { sql: "select 1" })).resolves.toBeDefined();
  });

  it("counts one value larger than it without waiting for its end", async () => {
    const service = fixture.openService({ answerBytes: 1024 * 1024 });
    const large = service.query(target, { sql: "select repeat('x', 200000000)" });
    await expect(large).rejects.toMatchObject({ code: "Y1008" });
  });

  it("counts the JSON too, which may be much larger than what Postgres sends", async () => {
    const service = fixture.openService({ answerBytes: 1024 * 1024 });
    const name = "a_name_of_sixty_three_characters_which_is_the_longest_possible_";
    const large = service.query(target, { sql: `select null as ${name} from generate_series(1, 30000)` });
    await expect(large).rejects.toMatchObject({ code: "Y1008" });
  });
});
