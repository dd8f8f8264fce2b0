/** Migrations that are tried on a copy: what is told of them, and that the database itself is left alone. */
import type { CreatedDatabase, OperationInfo, RehearsalResult } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { listInstanceFolders, listServerDatabases } from "../support/server-facts.ts";

vi.setConfig({ testTimeout: 90_000 });

let postern: PosternHome;
let fixture: BackupFixture;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  fixture = backupFixture(postern);
});
afterAll(() => postern.close());

describe.each(["shared", "process"])("a rehearsal for a %s database", (isolation) => {
  let database: CreatedDatabase;
  const rehearse = async (files: { name: string; sql: string }[]) => {
    const operation = await postern.api<OperationInfo>(
      "POST",
      `/v1/databases/${database.id}/migrations/rehearse`,
      { files },
    );
    return (await fixture.completed(operation)).result as RehearsalResult;
  };
  const places = async () => [
    await listServerDatabases(postern.home, "shared"),
    await listInstanceFolders(postern.home),
  ];

  beforeAll(async () => {
    database = await postern.api("POST", "/v1/databases", { name: `rehearsed-${isolation}`, isolation });
    await fixture.rows(
      database.id,
      "create table t as select g as a, 'x' as b from generate_series(1, 5000) g",
    );
  }, 60_000);

  it("tells times, locks and rewritten tables, and leaves neither a change nor a copy", async () => {
    const before = await places();
    const result = await rehearse([
      { name: "001_add.sql", sql: "alter table t add c int" },
      { name: "002_type.sql", sql: "alter table t alter a type bigint; create table fresh (a int)" },
      { name: "003_index.sql", sql: "create index concurrently t_a on t (a)" },
      { name: "004_write.sql", sql: "update t set b = 'y' where a = 1; insert into fresh values (1)" },
    ]);
    expect(result).toMatchObject({ passed: true, total: 4, already_applied: 0 });
    expect(result.migrations.map(({ locks }) => locks)).toEqual([
      [{ relation: "public.t", mode: "AccessExclusiveLock", blocks: "reads and writes" }],
      [{ relation: "public.t", mode: "AccessExclusiveLock", blocks: "reads and writes" }],
      null,
      [
        { relation: "public.fresh", mode: "RowExclusiveLock", blocks: "nothing" },
        { relation: "public.t", mode: "RowExclusiveLock", blocks: "nothing" },
      ],
    ]);
    expect(result.migrations.map(({ rewrites }) => rewrites.map(({ relation }) => relation))).toEqual([
      [],
      ["public.t"],
      [],
      [],
    ]);
    expect(result.migrations.every(({ duration_ms }) => typeof duration_ms === "number")).toBe(true);
    expect(await places()).toEqual(before);
    expect(await fixture.rows(database.id, "select * from t where a = 1")).toEqual([{ a: 1, b: "x" }]);
    expect(await fixture.rows(database.id, "select name from postern.schema_migrations")).toEqual([]);
  });

  it("says which file would fail, and that those after it would not run", async () => {
    const before = await places();
    const result = await rehearse([
      { name: "001_good.sql", sql: "create table good (a int)" },
      { name: "002_bad.sql", sql: "alter table t add constraint small check (a < 100)" },
      { name: "003_after.sql", sql: "select 1" },
    ]);
    expect(result.passed).toBe(false);
    expect(result.migrations.map(({ outcome, error }) => [outcome, error?.code ?? null])).toEqual([
      ["applied", null],
      ["failed", "23514"],
      ["not_run", null],
    ]);
    expect(await places()).toEqual(before);
  });
});
