/** What databases do is noted once a minute; those that nobody uses cost Postern's tables a row a day and their files no look. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { DatabaseSampler, type PoolUse } from "../../../src/insights/sample-databases.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { createSizeMeasure } from "../../../src/maintenance/measure-sizes.ts";
import { type DatabaseRow, findDatabaseById } from "../../../src/state/databases.ts";
import { readSampleSteps, trimMetricSamples } from "../../../src/state/metric-samples.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: PlatformFixture;
let row: DatabaseRow;
const hourMs = 3_600_000;
let now = Date.parse("2026-11-21T10:00:00Z");
let pools: PoolUse[] = [];

beforeAll(async () => {
  fixture = await startPlatformFixture();
  row = await fixture.createDatabase();
});
afterAll(() => fixture.close());

const sampler = new DatabaseSampler(async () => pools, { spanMs: hourMs });
const platform = (): Platform => ({ ...fixture.platform, clock: { now: () => new Date(now) } });

async function look(minutes = 1): Promise<void> {
  for (let count = 0; count < minutes; count++) {
    now += 60_000;
    await sampler.sample(platform());
  }
}

const rows = async () =>
  (
    await fixture.platform.state.query<{ at: Date; until: Date | null; sessions: number }>(
      "select at, until, sessions from metric_samples where database_id = $1 order by at",
      [row.id],
    )
  ).rows;
const steps = (minutes: number) =>
  readSampleSteps(fixture.platform.state, row.id, {
    from: new Date(now - (minutes - 1) * 60_000),
    to: new Date(now + 60_000),
    stepSeconds: 60,
  });
const size = async () => (await findDatabaseById(fixture.platform.state, row.id))!.size_bytes;
const nobodyIsConnected = () =>
  waitUntil("nobody is connected", async () => {
    const admin = await fixture.connectAdmin(row, "postgres");
    const { rows: found } = await admin.query(
      "select 1 from pg_stat_activity where datname = $1 and backend_type = 'client backend'",
      [row.database_name],
    );
    await admin.end();
    return found.length === 0;
  });

it("an hour in which nobody came is one row, and reads as sixty looks with nothing", async () => {
  await nobodyIsConnected();
  await look(60);
  const found = await rows();
  expect(found).toHaveLength(2);
  expect(found[0]!.until).toBeNull();
  expect(found[1]!.until!.getTime() - found[1]!.at.getTime()).toBe(58 * 60_000);
  const seen = await steps(60);
  expect(seen).toHaveLength(60);
  expect(seen.slice(1).every(({ sessions, commits }) => sessions === 0 && commits === 0)).toBe(true);
  // A span begins before what is asked for, and is cut to it.
  expect(await steps(10)).toHaveLength(10);
});

it("somebody who comes and goes between two looks is seen, and so is who stays", async () => {
  const before = (await rows()).length;
  const client = await fixture.connect(row);
  await client.query("create table visits (id int)");
  await look();
  const there = (await rows()).at(-1)!;
  expect(there).toMatchObject({ until: null, sessions: 1 });
  await client.end();
  await nobodyIsConnected();
  await look();
  expect((await rows()).at(-1)!.until).toBeNull();
  await look(3);
  expect(await rows()).toHaveLength(before + 3);

  const guest = await fixture.connect(row);
  await guest.end();
  await nobodyIsConnected();
  await look();
  expect((await rows()).at(-1)!.until).toBeNull();
  expect((await steps(1))[0]!.commits).not.toBeNull();
});

it("clients in the pool are use, though the server sees none of them", async () => {
  await look(3);
  expect((await rows()).at(-1)!.until).not.toBeNull();
  pools = [{ database: row.database_name, clients: 4, waiting: 0, waitedMs: 0 }];
  await look(2);
  expect(await steps(2)).toMatchObject([{ pool_clients: 4 }, { pool_clients: 4 }]);
  expect((await rows()).at(-1)!.until).toBeNull();
  pools = [];
});

it("no row stands for longer than it may, nor for minutes in which nobody looked", async () => {
  await look(3);
  const before = await rows();
  now += hourMs;
  await look(2);
  const after = await rows();
  expect(after.length).toBe(before.length + 2);
  expect(after.at(-1)!.until!.getTime()).toBe(now);
  expect(await steps(60)).toHaveLength(2);
  await look(65);
  const lengths = (await rows()).map(({ at, until }) => (until?.getTime() ?? at.getTime()) - at.getTime());
  expect(Math.max(...lengths)).toBe(hourMs - 60_000);
  expect(await rows()).toHaveLength(after.length + 1);
});

it("what is too old goes with its last look, not with its first", async () => {
  await fixture.platform.state.query("delete from metric_samples");
  await fixture.platform.state.query(
    `insert into metric_samples (database_id, at, until, sessions, active, waiting, idle_in_transaction)
     select $1, now() - make_interval(hours => h), now() - make_interval(hours => h - 20), 0, 0, 0, 0 from unnest(array[50, 75]) h`,
    [row.id],
  );
  await trimMetricSamples(fixture.platform.state, 2);
  expect(await rows()).toHaveLength(1);
});

it("the size of a database is measured after a write, and now and then without one", async () => {
  const measure = createSizeMeasure();
  await measure(platform());
  const first = Number(await size());
  expect(first).toBeGreaterThan(1_000_000);
  const forget = () => fixture.platform.state.query("update databases set size_bytes = 1");
  await forget();
  await measure(platform());
  expect(Number(await size())).toBe(1);
  now += 16 * 60_000;
  await measure(platform());
  expect(Number(await size())).toBeGreaterThanOrEqual(first);
  await forget();
  const client = await fixture.connect(row);
  await client.query("insert into visits select generate_series(1, 100000)");
  await client.end();
  await nobodyIsConnected();
  await measure(platform());
  expect(Number(await size())).toBeGreaterThan(first + 3_000_000);
});
