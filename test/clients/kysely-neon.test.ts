/** kysely-neon: Kysely over the Neon driver's HTTP. */
import { neon, neonConfig } from "@neondatabase/serverless";
import { Kysely } from "kysely";
import { NeonDialect } from "kysely-neon";
import { beforeAll, expect, it } from "vitest";
import { pointNeon } from "./support/point-neon.ts";
import { describeEachWay } from "./support/ways.ts";

interface Tables {
  people: { id: number; name: string };
}

describeEachWay(
  "kysely-neon",
  (target) => {
    let db: Kysely<Tables>;
    beforeAll(() => {
      pointNeon(neonConfig);
      db = new Kysely({ dialect: new NeonDialect({ neon: neon(target().url) }) });
    });

    it("makes tables, writes and counts what it wrote", async () => {
      await db.schema.createTable("people").addColumn("id", "integer").addColumn("name", "text").execute();
      const written = await db
        .insertInto("people")
        .values([
          { id: 1, name: "Ada" },
          { id: 2, name: "Bo" },
        ])
        .executeTakeFirst();
      expect(written.numInsertedOrUpdatedRows).toBe(2n);
      const changed = await db
        .updateTable("people")
        .set({ name: "Cy" })
        .where("id", "=", 2)
        .executeTakeFirst();
      expect(changed.numUpdatedRows).toBe(1n);
    });

    it("reads with its builder", async () => {
      expect(await db.selectFrom("people").selectAll().orderBy("id").execute()).toEqual([
        { id: 1, name: "Ada" },
        { id: 2, name: "Cy" },
      ]);
    });

    it("gets Postgres's errors", async () => {
      const failed = db
        .selectFrom("people")
        .where("id", "=", "one" as never)
        .selectAll()
        .execute();
      await expect(failed).rejects.toMatchObject({ code: "22P02" });
    });
  },
  ["pooled"],
);
