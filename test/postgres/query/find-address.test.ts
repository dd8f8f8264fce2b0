import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../src/base/config.ts";
import { newAccountId, newDatabaseId } from "../../../src/base/id.ts";
import type { DatabaseAddress } from "../../../src/instances/database-address.ts";
import { findAddress } from "../../../src/query/find-address.ts";
import { createQueryService } from "../../../src/query/query-service.ts";
import { insertDatabase, updateDatabase } from "../../../src/state/databases.ts";
import { startTestState, type TestState } from "../../support/test-state.ts";

const id = newDatabaseId();
const config = readConfig({ POSTERN_HOME: "/home/somebody/postern", HOME: "/home/somebody" });
let server: TestState;

beforeAll(async () => {
  server = await startTestState();
  const { state } = server;
  const account = newAccountId();
  await state.query("insert into accounts (id, username, role) values ($1, 'ada', 'member')", [account]);
  await state.query(
    "insert into instances (id, kind, status, tcp_port, version) values ('shared', 'shared', 'running', 1, '17')",
  );
  await insertDatabase(state, {
    id,
    name: "shop",
    account_id: account,
    class: "db.p1",
    isolation: "shared",
    database_name: "db_shop",
    role_name: "shop_owner",
    password_sealed: Buffer.alloc(1),
    scram_verifier: "x",
    connection_limit: 10,
    storage_limit_bytes: null,
  });
  await updateDatabase(state, id, { instance_id: "shared" });
});
afterAll(() => server.close());

const find = () => findAddress({ state: server.state, config }, id);

describe("findAddress", () => {
  it("is the server's socket, the database and its owner", async () => {
    await updateDatabase(server.state, id, { status: "ready" });
    expect(await find()).toEqual({
      host: "/home/somebody/postern/run/shared",
      port: 5432,
      database: "db_shop",
      user: "shop_owner",
    });
  });

  it.each(["creating", "restoring", "failed", "destroying"] as const)(
    "refuses with Y3004 while %s",
    async (status) => {
      await updateDatabase(server.state, id, { status });
      await expect(find()).rejects.toMatchObject({ code: "Y3004", message: `Database shop is ${status}.` });
    },
  );

  it("refuses an unknown and a destroyed database with Y3001", async () => {
    await expect(findAddress({ state: server.state, config }, newDatabaseId())).rejects.toMatchObject({
      code: "Y3001",
    });
    await updateDatabase(server.state, id, { status: "destroyed", destroyed_at: new Date() });
    await expect(find()).rejects.toMatchObject({ code: "Y3001" });
  });
});

describe("the query service", () => {
  const others = {
    limits: config.limits,
    clientLimits: config.clientLimits,
    openClientAccess: () => Promise.reject(new Error("no clients here")),
  };

  it("looks the database up again after a refusal", async () => {
    let asked = 0;
    const service = createQueryService({
      ...others,
      findAddress: async () => {
        asked++;
        await updateDatabase(server.state, id, { status: "restoring", destroyed_at: null });
        return find();
      },
    });
    for (let count = 1; count <= 2; count++) {
      await expect(service.query({ databaseId: id }, { sql: "select 1" })).rejects.toMatchObject({
        code: "Y3004",
      });
      expect(asked).toBe(count);
    }
    await service.close();
  });

  it("uses no address that was looked up before the database was closed", async () => {
    const address = {
      host: server.state.pool.options.host!,
      port: 5432,
      database: "postgres",
      user: "postern_admin",
    };
    const lookups: ((address: DatabaseAddress) => void)[] = [];
    const service = createQueryService({
      ...others,
      findAddress: () => new Promise((resolve) => lookups.push(resolve)),
    });
    const early = service.query({ databaseId: id }, { sql: "select 1" });
    const closed = service.closeDatabase(id);
    const late = service.query({ databaseId: id }, { sql: "select 1" });
    lookups[0]!(address as DatabaseAddress);
    await expect(early).rejects.toMatchObject({ code: "Y3004" });
    await closed;
    lookups[1]!(address as DatabaseAddress);
    await expect(late).resolves.toMatchObject({ byteLength: expect.any(Number) });
    await service.close();
  });
});
