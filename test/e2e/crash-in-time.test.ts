/**
 * kill -9 of the daemon while a database goes back in time, and while what came of it takes its place: at chosen writes,
 * and at every one by `npm run test:faults`.
 */
import type {
  CreatedDatabase,
  DatabaseUrls,
  OperationInfo,
  PointInTimeInfo,
  QueryResult,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { allPoints, type CrashPoint, crashAtPoints, waitForEnd } from "../support/crash-driver.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate, type WriteGate } from "../support/write-gate.ts";

vi.setConfig({ testTimeout: allPoints ? 14_400_000 : 180_000 });

let postern: PosternHome;
let gate: WriteGate;

beforeAll(async () => {
  postern = await createPosternHome({ POSTERN_PITR: "on" });
  await postern.start();
  gate = await installWriteGate(postern);
});
afterAll(async () => {
  await gate?.end();
  await postern.close();
});

type Made = Pick<CreatedDatabase, "id" | "token">;
const query = async <Row>({ id, token }: Made, sql: string): Promise<Row[]> =>
  (await postern.api<QueryResult>("POST", `/v1/db/${id}/query`, { sql }, token)).rows as Row[];
const count = async (one: Made) =>
  (await query<{ n: number }>(one, "select count(*)::int as n from t"))[0]!.n;
const completed = { status: "completed", error: null };
const urlsOf = ({ id }: Made) => postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);

async function destroy({ id }: Made): Promise<void> {
  const { id: operation } = await postern.api<OperationInfo>(
    "DELETE",
    `/v1/databases/${id}?skip_snapshot=true`,
  );
  expect(await waitForEnd(postern, operation)).toMatchObject(completed);
}

/** With 1500 rows at a moment that its archive reaches; then most of them are deleted. */
async function createDamaged(name: string, isolation: string): Promise<{ shop: Made; at: string }> {
  const shop = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name, isolation });
  await query(shop, "create table t as select generate_series(1, 1500) as id");
  const { id } = await postern.api<OperationInfo>("PUT", `/v1/databases/${shop.id}/point-in-time`, {});
  expect(await waitForEnd(postern, id)).toMatchObject(completed);
  const { earliest } = await postern.api<PointInTimeInfo>("GET", `/v1/databases/${shop.id}/point-in-time`);
  const at = Math.max(Date.now(), Date.parse(earliest!)) + 1;
  await waitUntil("the moment is over", async () => Date.now() > at + 1);
  await query(shop, "delete from t where id > 100");
  return { shop, at: new Date(at).toISOString() };
}

const one = (point: CrashPoint) => [point];

describe.each(["shared", "process"])("kill -9 of the daemon, with a %s database", (isolation) => {
  it("while it goes back in time, and while what came of it takes its place", async () => {
    const { shop, at } = await createDamaged(`shop-${isolation}`, isolation);
    let restored: Made | undefined;
    await crashAtPoints(
      postern,
      gate,
      {
        title: `restore_to_time, ${isolation}`,
        kind: "restore_to_time",
        isNeeded: true,
        async begin() {
          if (restored) await destroy(restored);
          const made = await postern.api<CreatedDatabase>(
            "POST",
            `/v1/databases/${shop.id}/restore-to-time`,
            { at, name: `back-${isolation}` },
          );
          restored = made;
          return made.operation_id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect([await count(restored!), await count(shop)]).toEqual([1500, 100]);
        },
      },
      one({ write: isolation === "shared" ? 8 : 9, end: "commit" }),
    );
    // They change places again and again.
    let rows = [1500, 100];
    const before = await urlsOf(shop);
    await crashAtPoints(
      postern,
      gate,
      {
        title: `promote_database, ${isolation}`,
        kind: "promote_database",
        begin: async () =>
          (
            await postern.api<OperationInfo>("POST", `/v1/databases/${restored!.id}/promote`, {
              replace: shop.id,
            })
          ).id,
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect([await count(shop), await count(restored!)]).toEqual(rows);
          rows = rows.toReversed();
          expect(await urlsOf(shop)).toEqual(before);
        },
      },
      one({ write: 5, end: "rollback" }),
    );
    await destroy(restored!);
    await destroy(shop);
  });
});
