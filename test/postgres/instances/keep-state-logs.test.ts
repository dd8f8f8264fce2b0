/** Logs of changes that nobody asks for are looked after all the same, and those that nobody writes are left alone. */
import type pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makePartitions } from "../../../src/instances/state-log.ts";
import { withAdmin } from "../../../src/instances/with-admin.ts";
import { keepStateLogs } from "../../../src/maintenance/keep-state-logs.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
let used: DatabaseRow;
let unused: DatabaseRow;

beforeAll(async () => {
  fixture = await startPlatformFixture();
  used = await fixture.createDatabase();
  unused = await fixture.createDatabase();
});
afterAll(() => fixture.close());

const dayMs = 86_400_000;
const ago = (days: number) => new Date(fixture.platform.clock.now().getTime() - days * dayMs);
const inside = <Result>(row: DatabaseRow, work: (client: pg.Client) => Promise<Result>) =>
  withAdmin(fixture.platform, row.instance_id!, row.database_name, work);
const monthOf = (time: Date) => `state_mutations_${time.toISOString().slice(0, 7).replace("-", "")}`;

const partitionsOf = (row: DatabaseRow) =>
  inside(row, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'postern.state_mutations'::regclass order by 1",
    );
    return rows.map(({ name }) => name.replace(/^postern\./, ""));
  });

const write = (client: pg.Client, at: Date) =>
  client.query(
    "insert into postern.state_mutations values ($1, null, 1, 'public', 'orders', '1', 'UPDATE', '{}', '{}', '{}', 'owner', false)",
    [at],
  );

it("months that are too old go, what lies in the rest gets its month, and nobody's log stays as it is", async () => {
  const { now } = fixture.platform.clock;
  await inside(used, async (client) => {
    await makePartitions(client, ago(200));
    for (const days of [200, 120, 0]) await write(client, ago(days));
  });
  await keepStateLogs(fixture.platform);
  const partitions = await partitionsOf(used);
  expect(partitions).not.toContain(monthOf(ago(200)));
  expect(partitions).toContain(monthOf(now()));
  const left = await inside(used, (client) =>
    client.query("select tableoid::regclass::text as part from postern.state_mutations"),
  );
  expect(left.rows).toEqual([{ part: `postern.${monthOf(now())}` }]);
  expect(await partitionsOf(unused)).toEqual(["state_mutations_rest"]);
});

it("a tracked table counts before its first change", async () => {
  await inside(unused, async (client) => {
    await client.query("create table orders (id int primary key)");
    await client.query(`create trigger postern_capture after insert on orders
      for each row execute function postern.capture_mutation('all', '{id}', '{}', 'plain')`);
  });
  await keepStateLogs(fixture.platform);
  expect(await partitionsOf(unused)).toContain(monthOf(fixture.platform.clock.now()));
});

it("one whose log is gone keeps nobody from theirs", async () => {
  await inside(used, (client) => client.query("drop table postern.state_mutations cascade"));
  await inside(unused, (client) => write(client, ago(365)));
  await keepStateLogs(fixture.platform);
  const { rows } = await inside(unused, (client) => client.query("select from postern.state_mutations"));
  expect(rows).toEqual([]);
});
