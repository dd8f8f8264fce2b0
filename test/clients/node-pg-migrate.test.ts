/** node-pg-migrate, whose lock is a session's. */
import { type RunnerOption, runner } from "node-pg-migrate";
import { beforeAll, expect, it } from "vitest";
import { rowsOf } from "../support/session.ts";
import { useProjectFolder } from "./support/project-folder.ts";
import { describeEachWay } from "./support/ways.ts";

const files = {
  "1700000000001_people.sql": `-- Up Migration
create table people (id int primary key, name text);
-- Down Migration
drop table people;
`,
  "1700000000002_born.sql": `-- Up Migration
alter table people add column born date;
-- Down Migration
alter table people drop column born;
`,
};

describeEachWay("node-pg-migrate", (target) => {
  const folder = useProjectFolder();
  beforeAll(() => folder().write(files));
  const migrate = (change: Partial<RunnerOption>) =>
    runner({
      databaseUrl: target().url,
      dir: folder().path,
      migrationsTable: "pgmigrations",
      direction: "up",
      log: () => {},
      ...change,
    });
  const namesOf = async (run: Promise<{ name: string }[]>) => (await run).map(({ name }) => name);

  it("migrates up, once, run after run", async () => {
    expect(await namesOf(migrate({}))).toEqual(["1700000000001_people", "1700000000002_born"]);
    for (let run = 0; run < 12; run++) expect(await namesOf(migrate({}))).toEqual([]);
  });

  it("leaves its lock with no connection", async () => {
    expect(
      await rowsOf(
        target().direct,
        "select objid from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      ),
    ).toEqual([]);
  });

  it("migrates down again", async () => {
    expect(await namesOf(migrate({ direction: "down", count: 2 }))).toEqual([
      "1700000000002_born",
      "1700000000001_people",
    ]);
    expect(await rowsOf(target().url, "select to_regclass('people') as t")).toEqual([{ t: null }]);
  });
});
