/** Links that a server's superuser lays in its data directory lead no archive into another server's files. */
import { readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { CreatedDatabase, DaemonStatus, OperationInfo, PointInTimeInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

vi.setConfig({ testTimeout: 120_000 });

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome({ POSTERN_PITR: "on" });
  await postern.start();
});
afterAll(() => postern.close());

async function finished({ id }: OperationInfo): Promise<OperationInfo> {
  for (;;) {
    const now = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=20`);
    if (now.status !== "pending" && now.status !== "running") return now;
  }
}

it("a link to another server's file keeps its own archive from being begun, until it is gone", async (context) => {
  const { sandbox } = await postern.api<DaemonStatus>("GET", "/v1/status");
  if (!sandbox.available) return context.skip(`no sandboxes here: ${sandbox.reason}`);
  const servers = async () =>
    (await readdir(join(postern.home, "instances"))).filter((name) => name.startsWith("ins-"));
  const create = async (name: string) => {
    const before = await servers();
    const row = await postern.api<CreatedDatabase>("POST", "/v1/databases", {
      name,
      class: "db.p3",
      isolation: "process",
    });
    const server = (await servers()).find((one) => !before.includes(one))!;
    return { id: row.id, data: join(postern.home, "instances", server, "data") };
  };
  const [mine, theirs] = [await create("mine"), await create("theirs")];
  const link = join(mine.data, "stolen.conf");
  await symlink(join(theirs.data, "postgresql.auto.conf"), link);
  const path = `/v1/databases/${mine.id}/point-in-time`;
  const end = await finished(await postern.api<OperationInfo>("PUT", path, {}));
  expect(end).toMatchObject({ status: "failed", error: { code: "Y6022" } });
  expect(JSON.stringify(end.error)).toContain("stolen.conf");
  await rm(link);
  expect(await finished(await postern.api<OperationInfo>("PUT", path, {}))).toMatchObject({
    status: "completed",
    error: null,
  });
  expect((await postern.api<PointInTimeInfo>("GET", path)).earliest).not.toBeNull();
});
