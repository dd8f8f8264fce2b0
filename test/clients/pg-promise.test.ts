/** pg-promise: its formatting, tasks and transactions. */
import createPgPromise, { type IDatabase } from "pg-promise";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

const pgPromise = createPgPromise({ noWarnings: true });

describeEachWay("pg-promise", (target) => {
  let db: IDatabase<unknown>;
  beforeAll(() => {
    db = pgPromise({ connectionString: target().url, max: 4 });
  });
  afterAll(() => db.$pool.end());

  it("formats and inserts many rows at once", async () => {
    await db.none("create table people (id int, name text)");
    const rows = [
      { id: 1, name: "Ada" },
      { id: 2, name: "O'Neil" },
    ];
    await db.none(pgPromise.helpers.insert(rows, ["id", "name"], "people"));
    expect(await db.any("select * from people order by id")).toEqual(rows);
  });

  it("runs its prepared statements", async () => {
    const byId = new pgPromise.PreparedStatement({
      name: "person",
      text: "select name from people where id = $1",
    });
    const names = await Promise.all(Array.from({ length: 40 }, () => db.one(byId, [2])));
    expect(names).toEqual(Array.from({ length: 40 }, () => ({ name: "O'Neil" })));
  });

  it("rolls a transaction back", async () => {
    const failed = db.tx(async (tx) => {
      await tx.none("delete from people");
      throw new Error("back");
    });
    await expect(failed).rejects.toThrow("back");
    expect(await db.one("select count(*)::int as n from people")).toEqual({ n: 2 });
  });
});
