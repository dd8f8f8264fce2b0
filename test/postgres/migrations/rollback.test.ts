import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { repairLedger } from "../../../src/migrations/repair-ledger.ts";
import { rollbackMigrations } from "../../../src/migrations/rollback-migrations.ts";
import {
  appliedNames,
  column,
  createOwnedDatabase,
  filesOf,
  migrate,
} from "../../support/migration-fixture.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
let client: pg.Client;
const ups = {
  "001_a.sql": "create table a (x int)",
  "002_b.sql": "create table b ()",
  "003_c.sql": "create index concurrently a_x on a (x)",
};
const downs = {
  "001_a.sql": "drop table a",
  "002_b.sql": "drop table b",
  "003_c.sql": "drop index concurrently a_x",
};

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  // The ledger is the platform's: the owner has no rights to its tables.
  const { database, owner } = await createOwnedDatabase(server);
  client = await server.connect({ database, user: owner });
  await migrate(client, ups);
});

const rollback = (texts: Record<string, string>, options?: Parameters<typeof rollbackMigrations>[2]) =>
  rollbackMigrations(client, filesOf(texts), options);
const outcomes = ({ migrations }: Awaited<ReturnType<typeof rollback>>) =>
  migrations.map(({ name, outcome }) => `${outcome} ${name}`);

describe("a rollback", () => {
  it("takes back the last one, by a statement that cannot run in a transaction too", async () => {
    expect(outcomes(await rollback(downs))).toEqual(["undone 003_c.sql"]);
    expect(await appliedNames(client)).toEqual(["001_a.sql", "002_b.sql"]);
    expect(await column(client, "select to_regclass('a_x')")).toEqual([null]);
    expect(await column(client, "select name from postern.unfinished_migrations")).toEqual([]);
  });

  it("takes back several, the last first, and they can be applied again", async () => {
    expect(outcomes(await rollback(downs, { steps: 3 }))).toEqual([
      "undone 003_c.sql",
      "undone 002_b.sql",
      "undone 001_a.sql",
    ]);
    expect((await migrate(client, ups)).applied).toBe(3);
  });

  it("goes back to a migration that stays", async () => {
    expect(outcomes(await rollback(downs, { to: "001" }))).toEqual(["undone 003_c.sql", "undone 002_b.sql"]);
  });

  it("runs nothing when one of the down files is missing", async () => {
    const { "002_b.sql": _, ...others } = downs;
    await expect(rollback(others, { steps: 2 })).rejects.toMatchObject({
      code: "Y3037",
      detail: expect.stringContaining("002_b.down.sql"),
    });
    expect(await appliedNames(client)).toHaveLength(3);
  });

  it("leaves a migration whole and applied when its down file fails, and stops there", async () => {
    const broken = { ...downs, "002_b.sql": "drop table b; select nope" };
    const result = await rollback(broken, { steps: 3 });
    expect(outcomes(result)).toEqual(["undone 003_c.sql", "failed 002_b.sql", "not_run 001_a.sql"]);
    expect(result.migrations[1]?.error).toMatchObject({ code: "42703", file: "002_b.down.sql", line: 1 });
    expect(await appliedNames(client)).toEqual(["001_a.sql", "002_b.sql"]);
    expect(await column(client, "select to_regclass('b') is not null")).toEqual([true]);
  });

  it("cannot commit in the middle of a down file", async () => {
    const result = await rollback({ ...downs, "003_c.sql": "drop index a_x; commit; select nope" });
    expect(result.migrations[0]).toMatchObject({ outcome: "failed", error: { code: "Y5007" } });
    expect(await appliedNames(client)).toHaveLength(3);
  });

  it("of nothing is nothing", async () => {
    await rollback(downs, { steps: 3 });
    expect(outcomes(await rollback(downs))).toEqual([]);
  });
});

describe("a repair", () => {
  const changed = { ...ups, "002_b.sql": "create table b (); -- a comment" };
  const repair = (files: Record<string, string>, what: Partial<Parameters<typeof repairLedger>[2]>) =>
    repairLedger(client, filesOf(files), { accept: [], applied: [], forget: [], ...what });

  it("takes a changed file as it is now, so that runs go on", async () => {
    await expect(migrate(client, changed)).rejects.toMatchObject({ code: "Y5001" });
    expect(await repair(changed, { accept: "all" })).toEqual([{ name: "002_b.sql", done: "accepted" }]);
    expect((await migrate(client, changed)).already_applied).toBe(3);
  });

  it("notes a file as applied, and another as not", async () => {
    const more = { ...ups, "004_d.sql": "select nope" };
    expect(await repair(more, { applied: ["004"], forget: ["003_c.sql"] })).toEqual([
      { name: "004_d.sql", done: "recorded" },
      { name: "003_c.sql", done: "forgotten" },
    ]);
    expect(await appliedNames(client)).toEqual(["001_a.sql", "002_b.sql", "004_d.sql"]);
  });

  it("does all that it is told or nothing", async () => {
    await expect(repair(ups, { forget: ["001", "009"] })).rejects.toMatchObject({ code: "Y3035" });
    expect(await appliedNames(client)).toHaveLength(3);
  });
});
