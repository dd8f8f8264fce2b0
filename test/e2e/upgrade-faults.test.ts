/** A daemon that is killed anywhere in an upgrade leaves the old server or the new one whole, and its successor ends the upgrade. */
import type {
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  OperationInfo,
  QueryResult,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { isOver, killInStep } from "../support/crash-driver.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate, type WriteGate } from "../support/write-gate.ts";

// The first use of a major downloads it.
vi.setConfig({ testTimeout: 300_000 });

let postern: PosternHome;
let gate: WriteGate;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  gate = await installWriteGate(postern);
});
afterAll(async () => {
  await gate?.end();
  await postern.close();
});

const read = (id: string) => postern.api<OperationInfo>("GET", `/v1/operations/${id}`);

it.each(["copy", "catch up", "switch", "remove the old copy"])("killed in the step `%s`", async (step) => {
  const name = `hit-${step.replaceAll(" ", "-")}`;
  const database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name, version: "15" });
  const query = async (sql: string) =>
    (await postern.api<QueryResult>("POST", `/v1/db/${database.id}/query`, { sql }, database.token)).rows;
  await query("create table kept as select n from generate_series(1, 20000) n");
  const urls = () => postern.api<DatabaseUrls>("GET", `/v1/databases/${database.id}/urls`);
  const before = await urls();
  await gate.closeAfter("upgrade_database", step);
  const { id } = await postern.api<OperationInfo>("POST", `/v1/databases/${database.id}/upgrade`, {
    to: "17",
  });
  await killInStep(postern, gate, id, step);
  await postern.start();
  await waitUntil("the upgrade has ended", async () => isOver(await read(id)), 120_000);
  expect(await read(id)).toMatchObject({ status: "completed", error: null });
  expect(await postern.api<DatabaseInfo>("GET", `/v1/databases/${database.id}`)).toMatchObject({
    status: "ready",
    healthy: true,
    version: expect.stringMatching(/^17\./),
  });
  expect(await urls()).toEqual(before);
  expect(await query("select count(*)::int as n from kept")).toEqual([{ n: 20000 }]);
  for (const url of [before.pooled, before.direct]) {
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query("select count(*)::int as n from kept").finally(() => client.end());
    expect(rows).toEqual([{ n: 20000 }]);
  }
  // Of the attempts nothing is left: one server for the one database.
  const host = `${postern.home}/run/system`;
  const system = new pg.Client({ host, port: 5432, user: "postern_admin", database: "postern" });
  await system.connect();
  const { rows } = await system
    .query(
      "select id from instances where kind = 'process' and id not in (select instance_id from databases where instance_id is not null)",
    )
    .finally(() => system.end());
  expect(rows).toEqual([]);
});
