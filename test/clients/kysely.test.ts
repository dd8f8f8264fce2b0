/** Kysely over node-postgres, and its Migrator. */
import { Kysely, type Migration, Migrator, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

interface Tables {
  people: { id: number; name: string };
}

const migrations: Record<string, Migration> = {
  "1_people": {
    up: (db: Kysely<unknown>) =>
      db.schema
        .createTable("people")
        .addColumn("id", "integer", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull())
        .execute(),
    down: (db: Kysely<unknown>) => db.schema.dropTable("people").execute(),
  },
  "2_names": {
    up: (db: Kysely<unknown>) => db.schema.createIndex("names").on("people").column("name").execute(),
    down: (db: Kysely<unknown>) => db.schema.dropIndex("names").execute(),
  },
};

describeEachWay("Kysely", (target) => {
  let db: Kysely<Tables>;
  let migrator: Migrator;
  beforeAll(() => {
    db = new Kysely({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: target().url, max: 4 }) }),
    });
    migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  });
  afterAll(() => db.destroy());

  it("migrates up, once", async () => {
    // Its lock is a session's, so only direct sessions keep migrators apart that start at the same time.
    const starts = target().path === "direct" ? 3 : 1;
    const runs = await Promise.all(Array.from({ length: starts }, () => migrator.migrateToLatest()));
    expect(runs.map(({ error }) => error)).toEqual(Array(starts).fill(undefined));
    const names = runs.flatMap(({ results }) => results?.map(({ migrationName }) => migrationName));
    expect(names).toEqual(["1_people", "2_names"]);
    expect(await migrator.migrateToLatest()).toEqual({ results: [] });
  });

  it("writes and reads with its builder", async () => {
    await db
      .insertInto("people")
      .values([
        { id: 1, name: "Ada" },
        { id: 2, name: "Bo" },
      ])
      .execute();
    const rows = await db.selectFrom("people").select("name").where("id", "in", [2, 3]).execute();
    expect(rows).toEqual([{ name: "Bo" }]);
  });

  it("rolls a transaction back", async () => {
    const failed = db
      .transaction()
      .setIsolationLevel("serializable")
      .execute(async (tx) => {
        await tx.insertInto("people").values({ id: 3, name: "Cy" }).execute();
        throw new Error("back");
      });
    await expect(failed).rejects.toThrow("back");
    expect(await db.selectFrom("people").select("id").where("id", "=", 3).execute()).toEqual([]);
  });

  it("migrates down again", async () => {
    expect((await migrator.migrateDown()).error).toBeUndefined();
    const states = await migrator.getMigrations();
    expect(states.map(({ executedAt }) => executedAt !== undefined)).toEqual([true, false]);
  });
});
