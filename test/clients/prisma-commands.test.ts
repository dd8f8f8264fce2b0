/** Prisma's command line 6 without an engine: db push and migrate. */
import { beforeAll, expect, it } from "vitest";
import { rowsOf } from "../support/session.ts";
import { commandSchema, prismaTables } from "./support/prisma-schema.ts";
import { commandFile, useProjectFolder } from "./support/project-folder.ts";
import { outputOf } from "./support/run-program.ts";
import { describeEachWay } from "./support/ways.ts";

/**
 * Three things keep this early adapter mode from working as it comes: it reads no `name` and no `"char"`, which the catalog
 * is full of, unless they reach it as text; its pool holds the command back from ending; and so do its timers of ten
 * seconds and a minute, long after the work is done.
 */
const config = `import pg from "pg";
import { PrismaPg } from "prisma6-adapter-pg";

const asText = { 18: 25, 19: 25, 1002: 1009, 1003: 1009 };
const { addFields } = pg.Result.prototype;
pg.Result.prototype.addFields = function (fields) {
  for (const field of fields) field.dataTypeID = asText[field.dataTypeID] ?? field.dataTypeID;
  return addFields.call(this, fields);
};

const { setTimeout: later } = globalThis;
globalThis.setTimeout = (work, ms, ...rest) => {
  const timer = later(work, ms, ...rest);
  return ms >= 10_000 ? timer.unref() : timer;
};

export default {
  schema: "./schema.prisma",
  engine: "js",
  experimental: { adapter: true },
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL, allowExitOnIdle: true }),
};
`;

const migrations = {
  "migrations/migration_lock.toml": 'provider = "postgresql"\n',
  "migrations/20250101000000_people/migration.sql": prismaTables,
  "migrations/20250102000000_born/migration.sql": 'alter table "Person" add column "born" int;',
};

describeEachWay("Prisma's commands", (target) => {
  const folder = useProjectFolder();
  beforeAll(() => folder().write({ "schema.prisma": commandSchema(), "prisma.config.ts": config }));
  const prisma = (args: string[], url = target().url) =>
    outputOf(process.execPath, [commandFile("prisma6/build/index.js"), ...args], {
      cwd: folder().path,
      environment: { DATABASE_URL: url, CHECKPOINT_DISABLE: "1", CI: "1" },
    });
  const tables = () =>
    rowsOf(
      target().url,
      "select schemaname || '.' || tablename as t from pg_tables where schemaname in ('public', 'auth', 'postern') order by 1",
    );

  it("makes tables by db push, and leaves the platform's alone", async () => {
    const before = await tables();
    expect(before).not.toEqual([]);
    await prisma(["db", "push", "--skip-generate"]);
    expect(await tables()).toEqual([...before, { t: "public.Person" }, { t: "public.Pet" }]);
  });

  it("finds nothing to do the second time", async () => {
    expect(await prisma(["db", "push", "--skip-generate"])).toContain("already in sync");
  });

  it("drops an empty table of public that it does not know", async () => {
    await rowsOf(target().url, "create table unknown_to_it (id int)");
    await prisma(["db", "push", "--skip-generate"]);
    expect(await rowsOf(target().url, "select to_regclass('unknown_to_it') as t")).toEqual([{ t: null }]);
  });

  it("deploys migrations into an empty schema", async () => {
    await rowsOf(target().url, 'drop table "Pet", "Person"');
    await folder().write(migrations);
    expect(await prisma(["migrate", "deploy"])).toContain("All migrations have been successfully applied");
    expect(await prisma(["migrate", "deploy"])).toContain("No pending migrations to apply");
    expect(await prisma(["migrate", "status"])).toContain("Database schema is up to date");
  });

  it("leaves its lock with no connection, so that the other URL can deploy", async () => {
    const other = target().path === "pooled" ? target().direct : target().pooled;
    expect(await prisma(["migrate", "deploy"], other)).toContain("No pending migrations to apply");
  });
});
