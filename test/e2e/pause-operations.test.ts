/** What is done to a database that sleeps wakes it; nothing is left half made, and it can sleep again. */
import type { CreatedBranch, OperationInfo, RotatedCredentials, SchemaDiff } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import {
  createSleepingDatabase,
  reachDatabase,
  type SleepingDatabase,
} from "../support/sleeping-database.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let shop: SleepingDatabase;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  shop = await createSleepingDatabase(postern, { name: "shop" });
  await shop.overPostgres("direct", "create table t as select 42 as n");
});
afterAll(() => postern.close());

type Reached = Pick<SleepingDatabase, "overHttp" | "overPostgres">;

/** By every way, also on a server that it has just moved to. */
async function expectContent(database: Reached, ...numbers: number[]): Promise<void> {
  const rows = numbers.map((n) => ({ n }));
  const read = "select n from t order by n";
  expect(await database.overHttp(read)).toEqual(rows);
  expect(await database.overPostgres("pooled", read)).toEqual(rows);
  expect(await database.overPostgres("direct", read)).toEqual(rows);
}

async function completed(started: OperationInfo): Promise<void> {
  let operation = started;
  await waitUntil(`operation ${started.id} ends`, async () => {
    operation = await postern.api<OperationInfo>("GET", `/v1/operations/${started.id}?wait=5`);
    return operation.status !== "pending" && operation.status !== "running";
  });
  expect(operation).toMatchObject({ status: "completed", error: null });
}

const post = <Result>(action: string, body: unknown = {}) =>
  postern.api<Result>("POST", `/v1/databases/${action}`, body);

it("a migration wakes it", async () => {
  await shop.pause();
  const files = [{ name: "001_more.sql", sql: "insert into t values (43);" }];
  await completed(await post(`${shop.id}/migrations`, { files }));
  await expectContent(shop, 42, 43);
});

it("a branch is made of it, sleeps beside it, is compared with it, and promoted", async () => {
  await shop.pause();
  const branch = await reachDatabase(
    postern,
    await post<CreatedBranch>(`${shop.id}/branches`, { name: "shop-branch" }),
  );
  await expectContent(branch, 42, 43);
  await branch.overPostgres("direct", "insert into t values (44)");
  await Promise.all([shop.pause(), branch.pause()]);
  const diff = await postern.api<SchemaDiff>("GET", `/v1/databases/${branch.id}/schema-diff`);
  expect(diff).toMatchObject({ changes: [] });
  await Promise.all([shop.pause(), branch.pause()]);
  await completed(await post(`${branch.id}/branch/promote`));
  await expectContent(shop, 42, 43, 44);
  await Promise.all([shop.pause(), branch.pause()]);
  await expectContent(shop, 42, 43, 44);
  await expectContent(branch, 42, 43, 44);
});

it("its password and token are replaced while it sleeps", async () => {
  await shop.pause();
  const old = shop;
  const { token } = await post<RotatedCredentials>(`${shop.id}/rotate-credentials`, { grace: "0s" });
  const renewed = await reachDatabase(postern, { ...old, token });
  expect(renewed.urls.direct).not.toBe(old.urls.direct);
  await waitUntil("the new password opens", () =>
    renewed.overPostgres("direct", "select 1").then(
      () => true,
      () => false,
    ),
  );
  await expectContent(renewed, 42, 43, 44);
  await expect(old.connect("direct")).rejects.toMatchObject({ code: "28P01" });
  shop = renewed;
});

it("it is exported", async () => {
  await shop.pause();
  const environment = { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() };
  const end = await postern.run(["db", "export", "shop", "--output", "shop.dump"], { environment });
  expect([end.code, end.stderr]).toEqual([0, expect.any(String)]);
});

it("it gets more room, and moves to the shared server", async () => {
  for (const to of ["db.p3", "db.p1"]) {
    await shop.pause();
    await completed(await post(`${shop.id}/scale`, { class: to }));
    shop = await reachDatabase(postern, shop);
    await expectContent(shop, 42, 43, 44);
  }
});

it("it is reset", async () => {
  await shop.pause();
  const files = [{ name: "001_new.sql", sql: "create table t as select 1 as n;" }];
  await completed(await post(`${shop.id}/reset`, { files }));
  await expectContent(shop, 1);
});
