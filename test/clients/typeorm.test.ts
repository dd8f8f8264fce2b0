/** TypeORM: entities and migrations. */
import { DataSource, EntitySchema, type MigrationInterface, type QueryRunner } from "typeorm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

interface Person {
  id: number;
  name: string;
  tags: string[];
}

const Person = new EntitySchema<Person>({
  name: "person",
  columns: {
    id: { type: "int", primary: true, generated: "increment" },
    name: { type: "text" },
    tags: { type: "text", array: true, default: [] },
  },
});

class MakePeople1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      "create table person (id serial primary key, name text not null, tags text[] not null default '{}')",
    );
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("drop table person");
  }
}

class IndexPeople1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("create index people_by_name on person (name)");
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("drop index people_by_name");
  }
}

describeEachWay("TypeORM", (target) => {
  let source: DataSource;
  beforeAll(async () => {
    source = new DataSource({
      type: "postgres",
      url: target().url,
      entities: [Person],
      migrations: [MakePeople1700000000001, IndexPeople1700000000002],
    });
    await source.initialize();
  });
  afterAll(() => source.destroy());

  it("runs its migrations, once", async () => {
    expect((await source.runMigrations()).map(({ name }) => name)).toEqual([
      "MakePeople1700000000001",
      "IndexPeople1700000000002",
    ]);
    expect(await source.runMigrations()).toEqual([]);
  });

  it("sees no difference between its entities and what the migrations made", async () => {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query).filter((query) => !query.includes("people_by_name"))).toEqual(
      [],
    );
  });

  it("writes and reads entities", async () => {
    const people = source.getRepository(Person);
    await people.save([{ name: "Ada", tags: ["maths"] }, { name: "Bo" }]);
    expect(await people.find({ order: { id: "ASC" } })).toEqual([
      { id: 1, name: "Ada", tags: ["maths"] },
      { id: 2, name: "Bo", tags: [] },
    ]);
  });

  it("rolls a transaction back", async () => {
    const failed = source.transaction("SERIALIZABLE", async (manager) => {
      await manager.getRepository(Person).save({ name: "Cy" });
      throw new Error("back");
    });
    await expect(failed).rejects.toThrow("back");
    expect(await source.getRepository(Person).countBy({ name: "Cy" })).toBe(0);
  });

  it("takes the parameters of Prisma's pooled URLs", async () => {
    const suffixed = new DataSource({
      type: "postgres",
      url: `${target().url}?pgbouncer=true&connection_limit=1`,
    });
    await suffixed.initialize();
    expect(await suffixed.query("select 1 as n")).toEqual([{ n: 1 }]);
    await suffixed.destroy();
  });

  it("undoes its migrations", async () => {
    await source.undoLastMigration();
    await source.undoLastMigration();
    expect(await source.query("select to_regclass('person') as t")).toEqual([{ t: null }]);
  });
});
