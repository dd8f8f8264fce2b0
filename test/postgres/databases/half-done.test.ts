/** What ends badly ends: an undo that cannot be done, a job whose end was lost, a database that is half destroyed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { requestUndeleteDatabase } from "../../../src/databases/undelete-database.ts";
import { requestVerification } from "../../../src/databases/verify-backup.ts";
import type { OperationHandler } from "../../../src/instances/operation-run.ts";
import { type DatabaseRow, findDatabaseById } from "../../../src/state/databases.ts";
import { freeLostJobs } from "../../../src/state/lost-jobs.ts";
import { finishOperation, insertOperation } from "../../../src/state/operations.ts";
import { backupSteps } from "../../support/backup-steps.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterAll(() => fixture.close());

const { sql, backUp } = backupSteps(() => fixture);
const now = async (row: DatabaseRow) => (await findDatabaseById(fixture.platform.state, row.id))!;

/** The handler of this kind, with something before one of its steps. */
const before = (
  kind: string,
  step: string,
  act: () => Promise<unknown>,
): Record<string, OperationHandler> => {
  const handler = fixture.handlers[kind]!;
  return {
    [kind]: {
      ...handler,
      run: (platform, run) =>
        handler.run(platform, {
          ...run,
          step: async (name, work) => {
            if (name === step) await act();
            return run.step(name, work);
          },
        }),
    },
  };
};

test("a database whose data cannot be removed is failed, keeps its last backup, and can be destroyed again and brought back", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select 7 as a");
  const request = async () =>
    requestDestroyDatabase(fixture.platform, row.account_id, await now(row), { skipSnapshot: false });
  const first = await fixture.carryOut(
    await request(),
    before("destroy_database", "data", () => Promise.reject(new Error("the disk is on fire"))),
  );
  expect(first).toMatchObject({ status: "failed", error: { detail: expect.stringContaining("on fire") } });
  expect((await now(row)).status).toBe("failed");
  expect((await fixture.carryOut(await request())).error).toBeNull();
  expect(await now(row)).toMatchObject({ status: "destroyed", recoverable_until: expect.any(Date) });
  const undelete = await requestUndeleteDatabase(fixture.platform, row.account_id, await now(row));
  expect((await fixture.carryOut(undelete)).error).toBeNull();
  expect(await sql(await now(row), "select a from t")).toEqual([7]);
});

test("an undo that cannot be done is told of, and ends", async () => {
  const row = await fixture.createDatabase();
  const operation = await insertOperation(fixture.platform.state, {
    kind: "hopeless",
    databaseId: row.id,
    accountId: null,
    input: {},
  });
  let undone = 0;
  const end = await fixture.carryOut(operation, {
    hopeless: {
      run: () => Promise.reject(new Error("it went wrong")),
      async undo() {
        undone += 1;
        throw new Error("and cannot be put right");
      },
    },
  });
  expect(undone).toBe(5);
  expect(end.status).toBe("failed");
  expect(end.error!.detail).toContain("It could not be undone either: and cannot be put right");
});

test("a trial restore can be entered by nobody, not even by the owner of the database", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select 7 as a");
  const request = await requestVerification(fixture.platform, null, await backUp(row));
  const name = `${row.database_name}_verify_${request.id.slice("op-".length)}`;
  const refusals: unknown[] = [];
  const look = async () => {
    for (const role of [row.role_name, name]) {
      const way = { ...row, database_name: name, role_name: role };
      refusals.push(
        await fixture.connectPooled(way).then(String, ({ code }: Error & { code: string }) => code),
      );
    }
    await expect(fixture.connect({ ...row, database_name: name })).rejects.toMatchObject({ code: "42501" });
  };
  const end = await fixture.carryOut(request, before("verify_backup", "compare", look));
  expect(end).toMatchObject({ error: null, result: { status: "verified" } });
  expect(refusals).toEqual(["42501", "08P01"]);
});

test("a job whose end was lost is removed, and one that nobody is at waits again", async () => {
  const { state } = fixture.platform;
  const row = await fixture.createDatabase();
  await state.query("select from graphile_worker._private_jobs");
  const make = () => insertOperation(state, { kind: "any", databaseId: row.id, accountId: null, input: {} });
  const [over, open, mine] = [await make(), await make(), await make()];
  await finishOperation(state, over.id, { status: "completed", result: null });
  await state.query("update operations set finished_at = now() - interval '1 minute' where id = $1", [
    over.id,
  ]);
  const ids = [over.id, open.id, mine.id];
  await state.query(
    `update graphile_worker._private_jobs set locked_by = 'worker', locked_at = now() - interval '1 minute'
      where payload->>'id' = any($1)`,
    [ids],
  );
  await state.query(
    `update graphile_worker._private_job_queues set locked_by = 'worker', locked_at = now() - interval '1 minute'
      where queue_name = $1`,
    [`database:${row.id}`],
  );
  expect(await freeLostJobs(state, [mine.id])).toBe(2);
  const { rows } = await state.query(
    `select payload->>'id' as id, locked_by from graphile_worker._private_jobs where payload->>'id' = any($1) order by locked_by nulls first`,
    [ids],
  );
  expect(rows).toEqual([
    { id: open.id, locked_by: null },
    { id: mine.id, locked_by: "worker" },
  ]);
  expect(await freeLostJobs(state, [mine.id])).toBe(0);
});

test("whoever asks Postern's own tables while their server goes away is told that this passes", async () => {
  const { state } = fixture.platform;
  const end = "select pg_terminate_backend(pg_backend_pid())";
  await expect(state.query(end)).rejects.toMatchObject({ code: "Y4001" });
  await expect(state.transaction((tx) => tx.query(end))).rejects.toMatchObject({ code: "Y4001" });
  const cut = state.transaction(async (tx) => {
    await tx.query(end).catch(() => {});
    await tx.query("select 1");
  });
  await expect(cut).rejects.toMatchObject({ code: "Y4001" });
  expect((await state.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
});
