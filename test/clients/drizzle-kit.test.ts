/** drizzle-kit push: it drops what it does not know, so what is the platform's must be out of its reach. */
import { beforeAll, expect, it } from "vitest";
import { rowsOf } from "../support/session.ts";
import { commandFile, useProjectFolder } from "./support/project-folder.ts";
import { outputOf } from "./support/run-program.ts";
import { describeEachWay } from "./support/ways.ts";

const schemaOf = (columns: string) => `import { integer, pgTable, text } from "drizzle-orm/pg-core";
export const people = pgTable("people", { id: integer().primaryKey(), name: text().notNull(), ${columns} });
`;

const config = `export default {
  dialect: "postgresql",
  schema: "./schema.ts",
  dbCredentials: { url: process.env.DATABASE_URL },
};
`;

const platformTables =
  "select schemaname || '.' || tablename as t from pg_tables where schemaname in ('auth', 'postern') order by 1";

describeEachWay("drizzle-kit push", (target) => {
  const folder = useProjectFolder();
  let before: unknown[];
  beforeAll(async () => {
    await folder().write({ "drizzle.config.ts": config });
    before = await rowsOf(target().url, platformTables);
  });
  const push = async (columns: string) => {
    await folder().write({ "schema.ts": schemaOf(columns) });
    return outputOf(process.execPath, [commandFile("drizzle-kit/bin.cjs"), "push", "--force"], {
      cwd: folder().path,
      environment: { DATABASE_URL: target().url },
    });
  };
  const columns = async () =>
    (
      (await rowsOf(
        target().url,
        "select column_name as c from information_schema.columns where table_name = 'people' order by ordinal_position",
      )) as { c: string }[]
    ).map(({ c }) => c);

  it("makes its tables", async () => {
    await push("");
    expect(await columns()).toEqual(["id", "name"]);
  });

  it("changes them", async () => {
    await push("born: integer()");
    expect(await columns()).toEqual(["id", "name", "born"]);
  });

  it("drops a table of public that it does not know, and none of the platform's", async () => {
    await rowsOf(target().url, "create table unknown_to_it as select 1 as n");
    await push("born: integer()");
    expect(await rowsOf(target().url, "select to_regclass('unknown_to_it') as t")).toEqual([{ t: null }]);
    expect(before).not.toEqual([]);
    expect(await rowsOf(target().url, platformTables)).toEqual(before);
  });
});
