/** knex, with its migrations and their lock. */
import knex, { type Knex } from "knex";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

interface Step extends Knex.Migration {
  name: string;
}

const steps: Step[] = [
  {
    name: "1_people",
    up: (db) =>
      db.schema.createTable("people", (table) => {
        table.increments("id");
        table.string("name").notNullable();
      }),
    down: (db) => db.schema.dropTable("people"),
  },
  {
    name: "2_born",
    up: (db) =>
      db.schema.alterTable("people", (table) => {
        table.date("born").index();
      }),
    down: (db) =>
      db.schema.alterTable("people", (table) => {
        table.dropColumn("born");
      }),
  },
];

const migrationSource: Knex.MigrationSource<Step> = {
  getMigrations: async () => steps,
  getMigrationName: (step) => step.name,
  getMigration: async (step) => step,
};

describeEachWay("knex", (target) => {
  let db: Knex;
  beforeAll(() => {
    db = knex({
      client: "pg",
      connection: target().url,
      pool: { min: 0, max: 4 },
      migrations: { migrationSource },
    });
  });
  afterAll(() => db.destroy());

  it("migrates to the latest and leaves its lock free", async () => {
    const [batch, names] = await db.migrate.latest();
    expect([batch, names]).toEqual([1, ["1_people", "2_born"]]);
    expect(await db("knex_migrations_lock").select("is_locked")).toEqual([{ is_locked: 0 }]);
    expect((await db.migrate.latest())[1]).toEqual([]);
  });

  it("writes and reads with its builder", async () => {
    const ids = await db("people")
      .insert([{ name: "Ada" }, { name: "Bo" }])
      .returning("id");
    expect(ids).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await db("people").where("name", "like", "A%").select("name")).toEqual([{ name: "Ada" }]);
  });

  it("rolls a transaction back", async () => {
    const failed = db.transaction(async (tx) => {
      await tx("people").insert({ name: "Cy" });
      throw new Error("back");
    });
    await expect(failed).rejects.toThrow("back");
    expect(await db("people").where({ name: "Cy" })).toEqual([]);
  });

  it("streams rows", async () => {
    const names: string[] = [];
    for await (const row of db("people").orderBy("id").stream()) names.push(row.name);
    expect(names).toEqual(["Ada", "Bo"]);
  });

  it("takes the parameters of Prisma's pooled URLs", async () => {
    const suffixed = knex({ client: "pg", connection: `${target().url}?pgbouncer=true&connection_limit=1` });
    expect((await suffixed.raw("select 1 as n")).rows).toEqual([{ n: 1 }]);
    await suffixed.destroy();
  });

  it("has its searchPath on the direct URL only", async () => {
    const pathed = knex({ client: "pg", connection: target().url, searchPath: ["pg_catalog", "public"] });
    const { rows } = await pathed.raw("show search_path");
    await pathed.destroy();
    expect(rows[0].search_path).toBe(target().path === "direct" ? "pg_catalog, public" : '"$user", public');
  });

  it("migrates down again", async () => {
    expect(await db.migrate.rollback(undefined, true)).toEqual([1, ["2_born", "1_people"]]);
    expect(await db.schema.hasTable("people")).toBe(false);
  });
});
