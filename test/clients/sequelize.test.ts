/** Sequelize: its models made into tables, and changed. */
import { DataTypes, type Model, type ModelStatic, QueryTypes, Sequelize } from "sequelize";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("Sequelize", (target) => {
  let db: Sequelize;
  let People: ModelStatic<Model>;
  let Pets: ModelStatic<Model>;
  beforeAll(() => {
    db = new Sequelize(target().url, { logging: false, pool: { max: 4 } });
    People = db.define("person", {
      name: { type: DataTypes.STRING, allowNull: false },
      facts: DataTypes.JSONB,
    });
    Pets = db.define("pet", { kind: DataTypes.ENUM("cat", "dog") });
    People.hasMany(Pets);
  });
  afterAll(() => db.close());

  it("makes its tables, types and keys by sync", async () => {
    await db.sync();
    expect((await db.getQueryInterface().showAllTables()).sort()).toEqual(["people", "pets"]);
  });

  it("writes and reads models with what belongs to them", async () => {
    await People.create({ name: "Ada", facts: { born: 1815 }, pets: [{ kind: "cat" }] }, { include: [Pets] });
    const ada = await People.findOne({ where: { name: "Ada", "facts.born": 1815 }, include: [Pets] });
    expect(ada?.toJSON()).toMatchObject({ name: "Ada", facts: { born: 1815 }, pets: [{ kind: "cat" }] });
  });

  it("rolls a managed transaction back", async () => {
    const failed = db.transaction(async (transaction) => {
      await People.create({ name: "Bo" }, { transaction });
      throw new Error("back");
    });
    await expect(failed).rejects.toThrow("back");
    expect(await People.count()).toBe(1);
  });

  it("names a broken constraint", async () => {
    await db.getQueryInterface().addIndex("people", ["name"], { unique: true });
    await expect(People.create({ name: "Ada" })).rejects.toMatchObject({
      name: "SequelizeUniqueConstraintError",
    });
  });

  it("alters its tables by sync", async () => {
    People.init({ name: DataTypes.TEXT, age: DataTypes.INTEGER }, { sequelize: db, modelName: "person" });
    await People.sync({ alter: true });
    expect(Object.keys(await db.getQueryInterface().describeTable("people"))).toContain("age");
  });

  it("binds parameters of raw queries", async () => {
    const rows = await db.query("select $1::int + 1 as n", { bind: [41], type: QueryTypes.SELECT });
    expect(rows).toEqual([{ n: 42 }]);
  });
});
