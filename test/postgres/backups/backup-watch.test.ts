/** Trouble with backups is told once, and so is its end; a webhook that is down misses nothing. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { surveyBackups } from "../../../src/backups/survey-backups.ts";
import { requestBackup } from "../../../src/databases/create-backup.ts";
import { describeBackupStatus } from "../../../src/databases/describe-backup-status.ts";
import { BackupWatch } from "../../../src/maintenance/backup-watch.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
let server: Server;
let status = 204;
const told: Record<string, unknown>[] = [];

beforeAll(async () => {
  fixture = await startPlatformFixture();
  server = createServer(async (request, response) => {
    const event = JSON.parse(await text(request)) as Record<string, unknown>;
    if (status === 204) told.push(event);
    response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await fixture.close();
});

test("a backup that is missing is told of once, though the webhook was down at first, and once that it came", async () => {
  const { platform } = fixture;
  const { port } = server.address() as AddressInfo;
  platform.config.webhook = { url: `http://127.0.0.1:${port}/`, secret: "hush" };
  const row = await fixture.createDatabase();
  const watch = new BackupWatch(platform, { pausesMs: [] });
  await watch.runOnce();
  expect(told).toEqual([]);
  const now = Date.now() + 2 * 86_400_000;
  platform.clock = { now: () => new Date(now) };
  expect((await surveyBackups(platform)).overdue).toMatchObject([{ id: row.id }]);
  expect(await describeBackupStatus(platform, row)).toMatchObject({ overdue: true });
  status = 500;
  await expect(watch.runOnce()).rejects.toMatchObject({ detail: expect.stringContaining("500") as string });
  status = 204;
  await watch.runOnce();
  await watch.runOnce();
  expect(told).toMatchObject([{ event: "backup.overdue", database_id: row.id, database_name: row.name }]);
  await fixture.carryOut(await requestBackup(platform, null, row, {}));
  await watch.runOnce();
  await watch.runOnce();
  expect(told.slice(1)).toMatchObject([{ event: "backup.overdue.over", database_id: row.id }]);
  expect(await describeBackupStatus(platform, row)).toMatchObject({ overdue: false });
});
