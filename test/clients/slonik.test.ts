/** slonik: strict results, with the settings that it sends at start-up. */
import { createPool, type DatabasePool, sql } from "slonik";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("slonik", (target) => {
  let pool: DatabasePool;
  beforeAll(async () => {
    pool = await createPool(target().url, { maximumPoolSize: 4 });
  });
  afterAll(() => pool.end());

  it("connects with its defaults, writes and reads", async () => {
    await pool.query(sql.unsafe`create table people (id int, name text)`);
    await pool.query(
      sql.unsafe`insert into people select * from ${sql.unnest(
        [
          [1, "Ada"],
          [2, "Bo"],
        ],
        ["int4", "text"],
      )}`,
    );
    expect(await pool.many(sql.unsafe`select * from people order by id`)).toEqual([
      { id: 1, name: "Ada" },
      { id: 2, name: "Bo" },
    ]);
  });

  it("rolls a transaction back", async () => {
    const failed = pool.transaction(async (tx) => {
      await tx.query(sql.unsafe`delete from people`);
      throw new Error("back");
    });
    await expect(failed).rejects.toThrow("back");
    expect(await pool.oneFirst(sql.unsafe`select count(*)::int from people`)).toBe(2);
  });
});
