/** Going back in time with the real pgBackRest: one tenant of the shared server, and a database with its own server. */
import type { CreatedDatabase, OperationInfo, PointInTimeInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;

beforeAll(async () => {
  postern = await createPosternHome({ POSTERN_PITR: "on" });
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
});
afterAll(() => postern.close());

async function ended(operation: OperationInfo): Promise<OperationInfo> {
  let now = operation;
  while (now.status === "pending" || now.status === "running")
    now = await postern.api<OperationInfo>("GET", `/v1/operations/${operation.id}?wait=20`);
  return now;
}

async function done(operation: OperationInfo): Promise<OperationInfo> {
  const end = await ended(operation);
  expect(end.error).toBeNull();
  return end;
}

const create = (name: string, more: object = {}) =>
  postern.api<CreatedDatabase>("POST", "/v1/databases", { name, ...more });

async function query<Row>({ id, token }: { id: string; token: string }, sql: string): Promise<Row[]> {
  const answer = await postern.api<{ rows: Row[] }>("POST", `/v1/db/${id}/query`, { sql }, token);
  return answer.rows;
}

const enable = async ({ id }: { id: string }) =>
  done(await postern.api<OperationInfo>("PUT", `/v1/databases/${id}/point-in-time`, {}));
const windowOf = ({ id }: { id: string }) =>
  postern.api<PointInTimeInfo>("GET", `/v1/databases/${id}/point-in-time`);

describe("one of the databases on the shared server", () => {
  it("works", async () => {
    const shop = await create("shop");
    const other = await create("other");
    await query(shop, "create table orders (id int primary key)");
    await query(shop, "insert into orders select generate_series(1, 100)");
    await query(other, "create table secrets as select 'other tenants text' as t");
    console.log("enable", (await enable(shop)).steps);
    console.log(await windowOf(shop));
    await waitUntil(
      "a moment after the backup",
      async () => Date.now() > Date.parse((await windowOf(shop)).earliest!),
    );
    await query(shop, "insert into orders select generate_series(101, 150)");
    await query(shop, "create table late (a int)");
    const at = (await query<{ now: string }>(shop, "select now()"))[0]!.now;
    console.log(at);
    await query(shop, "delete from orders");
    await query(shop, "drop table late");
    const end = await postern.run([
      "db",
      "restore",
      "shop",
      "--at",
      new Date(new Date(at).getTime() + 1).toISOString(),
      "--json",
    ]);
    console.log(end);
    const restored = JSON.parse(end.stdout) as CreatedDatabase;
    console.log((await postern.api<OperationInfo>("GET", `/v1/operations/${restored.operation_id}`)).steps);
    expect(await query(restored, "select count(*)::int as n from orders")).toEqual([{ n: 150 }]);
    console.log(await postern.run(["db", "promote", restored.id, "-y"]));
    expect(await query(shop, "select count(*)::int as n from orders")).toEqual([{ n: 150 }]);
    expect(await query(restored, "select count(*)::int as n from orders")).toEqual([{ n: 0 }]);
  });
});
