/** MikroORM: schema generator and unit of work. */
import { EntitySchema, MikroORM, type Options } from "@mikro-orm/postgresql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rowsOf } from "../support/session.ts";
import { describeEachWay } from "./support/ways.ts";

interface Person {
  id?: number;
  name: string;
  facts?: { born: number };
}

const Person = new EntitySchema<Person>({
  name: "Person",
  properties: {
    id: { type: "integer", primary: true, autoincrement: true },
    name: { type: "text", unique: true },
    facts: { type: "json", nullable: true },
  },
});

describeEachWay("MikroORM", (target) => {
  const openOrm = (change: Options) =>
    MikroORM.init({ entities: [Person], clientUrl: target().url, pool: { max: 4 }, ...change });
  let orm: MikroORM;
  beforeAll(async () => {
    orm = await openOrm({ schemaGenerator: { ignoreSchema: ["auth", "postern"] } });
  });
  afterAll(() => orm.close());

  it("makes its tables, and then sees no difference", async () => {
    await orm.schema.updateSchema();
    expect((await orm.schema.getUpdateSchemaSQL()).trim()).toBe("");
  });

  it("writes and reads what its unit of work holds", async () => {
    const em = orm.em.fork();
    em.create(Person, { name: "Ada", facts: { born: 1815 } });
    em.create(Person, { name: "Bo" });
    await em.flush();
    const ada = await orm.em.fork().findOne(Person, { name: "Ada" });
    expect(ada).toMatchObject({ id: 1, name: "Ada", facts: { born: 1815 } });
  });

  it("rolls a transaction back and names the broken constraint", async () => {
    const failed = orm.em.fork().transactional(async (em) => {
      em.create(Person, { name: "Cy" });
      em.create(Person, { name: "Ada" });
    });
    await expect(failed).rejects.toMatchObject({ name: "UniqueConstraintViolationException", code: "23505" });
    expect(await orm.em.fork().count(Person)).toBe(2);
  });

  it("may not drop the platform's tables when it is not told to leave them alone", async () => {
    const careless = await openOrm({});
    await expect(careless.schema.updateSchema()).rejects.toMatchObject({ code: "42501" });
    await careless.close();
    const schemas = await rowsOf(
      target().url,
      "select distinct schemaname as s from pg_tables where schemaname = 'postern'",
    );
    expect(schemas).toEqual([{ s: "postern" }]);
  });
});
