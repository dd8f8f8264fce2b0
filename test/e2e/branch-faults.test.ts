/** What a kill -9 of the daemon, or a full disk, leaves of a branch: nothing half made, nothing lost, and work that ends. */
import type { CreatedBranch, CreatedDatabase, DatabaseInfo, OperationInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { killInStep } from "../support/crash-driver.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { listInstanceFolders, listServerRoles, listSettledDatabases } from "../support/server-facts.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate, type WriteGate } from "../support/write-gate.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let postern: PosternHome;
let fixture: BackupFixture;
let gate: WriteGate;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  fixture = backupFixture(postern);
  gate = await installWriteGate(postern);
});
afterAll(async () => {
  await gate?.end();
  await postern.close();
});

/** Kills the daemon in this step of what is begun, and starts another one. */
async function killIn<Begun>(
  kind: string,
  step: string,
  begin: () => Promise<Begun>,
  idOf: (begun: Begun) => string,
): Promise<Begun> {
  await gate.closeAfter(kind, step);
  const begun = await begin();
  await killInStep(postern, gate, idOf(begun), step);
  await postern.start();
  return begun;
}

/** What is on the servers is what Postern knows of, no more and no less. */
async function expectNothingHalfMade(): Promise<void> {
  const databases = await postern.api<DatabaseInfo[]>("GET", "/v1/databases");
  const shared = databases.filter(({ isolation }) => isolation === "shared").map(({ database }) => database);
  expect(databases.map(({ status }) => status)).toEqual(databases.map(() => "ready"));
  expect(await listSettledDatabases(postern.home, "shared")).toEqual(shared.sort());
  expect(await listServerRoles(postern.home, "shared")).toEqual(shared.sort());
  expect(await listInstanceFolders(postern.home)).toHaveLength(databases.length - shared.length);
}

const numbers = async (id: string) =>
  (await fixture.rows(id, "select a from t order by a")).map(({ a }) => a);

describe.each([
  {
    isolation: "process",
    creating: ["copy", "start", "identity", "open"],
    replacing: ["copy", "identity", "swap", "open", "tidy up"],
  },
  {
    isolation: "shared",
    creating: ["database", "dump", "restore", "first query"],
    replacing: ["dump", "restore", "swap", "open"],
  },
])("kill -9 of the daemon, with a $isolation database", ({ isolation, creating, replacing }) => {
  let parent: CreatedDatabase;

  beforeAll(async () => {
    parent = await postern.api("POST", "/v1/databases", { name: `faults-${isolation}`, isolation });
    await fixture.rows(parent.id, "create table t as select g as a from generate_series(1, 3) g");
  });

  it.each(creating)("in the step %s of a new branch is made good by its successor", async (step) => {
    const accepted = await killIn(
      "create_branch",
      step,
      () => postern.api<CreatedBranch>("POST", `/v1/databases/${parent.id}/branches?wait=false`, {}),
      ({ operation_id }) => operation_id,
    );
    await fixture.completed(await postern.api("GET", `/v1/operations/${accepted.operation_id}`));
    expect(await numbers(accepted.id)).toEqual(await numbers(parent.id));
    await expectNothingHalfMade();
    await fixture.completed(await postern.api("DELETE", `/v1/databases/${accepted.id}?skip_snapshot=true`));
    await expectNothingHalfMade();
  });

  it.runIf(isolation === "process")(
    "while a promotion deletes what it has backed up is made good",
    async () => {
      const branch = await postern.api<CreatedBranch>("POST", `/v1/databases/${parent.id}/branches`, {});
      await waitUntil("the branch is ready", async () => {
        const { status } = await postern.api<DatabaseInfo>("GET", `/v1/databases/${branch.id}`);
        return status === "ready";
      });
      await fixture.rows(branch.id, "insert into t values (200)");
      const [before, wanted] = [await numbers(parent.id), await numbers(branch.id)];
      const ask = () => postern.api<OperationInfo>("POST", `/v1/databases/${branch.id}/branch/promote`, {});
      const promotion = await fixture.completed(
        await killIn("promote_branch", "tidy up", ask, ({ id }) => id),
      );
      expect(await numbers(parent.id)).toEqual(wanted);
      const { safety_backup_id: safety } = promotion.result as { safety_backup_id: string };
      expect(await postern.api("GET", `/v1/backups/${safety}`)).toMatchObject({ status: "completed" });
      await fixture.completed(await postern.api("DELETE", `/v1/databases/${branch.id}?skip_snapshot=true`));
      await expectNothingHalfMade();
      await fixture.rows(parent.id, "delete from t where a = 200");
      expect(await numbers(parent.id)).toEqual(before);
    },
  );

  it.each(replacing)("in the step %s of a reset and of a promotion loses neither side", async (step) => {
    const branch = await postern.api<CreatedBranch>("POST", `/v1/databases/${parent.id}/branches`, {});
    await waitUntil("the branch is ready", async () => {
      const { status } = await postern.api<DatabaseInfo>("GET", `/v1/databases/${branch.id}`);
      return status === "ready";
    });
    await fixture.rows(branch.id, "insert into t values (100)");
    const before = await numbers(parent.id);
    const ask = (what: string, body?: unknown) => () =>
      postern.api<OperationInfo>("POST", `/v1/databases/${branch.id}/branch/${what}`, body);
    const reset = await killIn("reset_branch", step, ask("reset"), ({ id }) => id);
    await fixture.completed(reset);
    expect([await numbers(parent.id), await numbers(branch.id)]).toEqual([before, before]);
    const next = before.length + 1;
    await fixture.rows(branch.id, `insert into t values (${next})`);
    const promotion = await killIn(
      "promote_branch",
      step,
      ask("promote", { skip_safety_snapshot: true }),
      ({ id }) => id,
    );
    await fixture.completed(promotion);
    const after = [...before, next];
    expect([await numbers(parent.id), await numbers(branch.id)]).toEqual([after, after]);
    await fixture.completed(await postern.api("DELETE", `/v1/databases/${branch.id}?skip_snapshot=true`));
    await expectNothingHalfMade();
  });
});
