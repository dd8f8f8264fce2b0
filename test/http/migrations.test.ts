import type {
  CreatedDatabase,
  DatabaseUrls,
  MigrateResult,
  MigrationState,
  OperationInfo,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { appliedMigration, migrationState } from "../../src/http/schemas/migration.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
let database: CreatedDatabase;
let count = 0;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
});
afterAll(() => postern.close());
beforeEach(async () => {
  count += 1;
  database = await postern.api("POST", "/v1/databases", { name: `migrated-${count}` });
});

const bodyOf = (texts: Record<string, string>) => ({
  files: Object.entries(texts).map(([name, sql]) => ({ name, sql })),
});

async function migrate(texts: Record<string, string>): Promise<OperationInfo & { result: MigrateResult }> {
  const path = `/v1/databases/${database.id}/migrations`;
  const { id } = await postern.api<OperationInfo>("POST", path, bodyOf(texts), database.token);
  return postern.api("GET", `/v1/operations/${id}?wait=30`);
}

async function asOwner<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const urls = await postern.api<DatabaseUrls>("GET", `/v1/databases/${database.id}/urls`);
  const client = new pg.Client({ connectionString: urls.direct });
  await client.connect();
  return work(client).finally(() => client.end());
}

it("applies files as the owner: functions, extensions and indexes that no transaction may hold", async () => {
  const files = {
    "001_users.sql": `create table users (id uuid primary key default uuid_generate_v4(), secret text);
      create function hash(secret text) returns text language plpgsql as $$ begin return crypt(secret, gen_salt('bf', 4)); end $$;
      insert into users (secret) values (hash('x'));`,
    "002_index.sql": "create index concurrently users_secret on users (secret); vacuum users;",
  };
  const states = await postern.api<MigrationState[]>(
    "POST",
    `/v1/databases/${database.id}/migrations/status`,
    bodyOf(files),
  );
  expect(z.array(migrationState).parse(states)).toEqual(states);
  expect(states.map(({ state, plan }) => [state, plan?.no_transaction])).toEqual([
    ["pending", false],
    ["pending", true],
  ]);

  const operation = await migrate(files);
  expect(operation).toMatchObject({ status: "completed", result: { applied: 2 } });
  expect(operation.result.migrations[0]!.notes).toHaveLength(2);
  const { rows } = await asOwner((client) =>
    client.query("select tableowner from pg_tables where tablename = 'users'"),
  );
  expect(rows).toEqual([{ tableowner: database.user }]);
  const applied = await postern.api<unknown[]>("GET", `/v1/databases/${database.id}/migrations`);
  expect(z.array(appliedMigration).parse(applied)).toEqual(applied);
  expect(applied).toMatchObject([{ name: "001_users.sql" }, { name: "002_index.sql" }]);
});

it("fails with the place of the failure, and keeps what was applied before", async () => {
  const operation = await migrate({
    "001_a.sql": "create table a ()",
    "002_b.sql": "create table b ();\nselect nope",
  });
  expect(operation).toMatchObject({ status: "failed", error: { code: "Y5002" } });
  expect(operation.result.migrations).toMatchObject([
    { outcome: "applied" },
    { outcome: "failed", error: { code: "42703", line: 2, column: 8, line_text: "select nope" } },
  ]);
  expect(await migrate({ "001_a.sql": "create table a (changed int)" })).toMatchObject({
    status: "failed",
    error: { code: "Y5001", message: expect.stringContaining("001_a.sql") },
  });
});

it("keeps its ledger from the owner, who may read it", async () => {
  await migrate({ "001_a.sql": "create table a ()" });
  await asOwner(async (client) => {
    for (const sql of [
      "drop schema postern cascade",
      "alter table postern.schema_migrations add column x int",
      "delete from postern.schema_migrations",
    ]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: "42501" });
    }
    const { rows } = await client.query("select name from postern.schema_migrations");
    expect(rows).toEqual([{ name: "001_a.sql" }]);
  });
});

it("lets two runs at once apply each file once", async () => {
  const files = { "001_a.sql": "create table a (); select pg_sleep(0.2)", "002_b.sql": "create table b ()" };
  const both = await Promise.all([migrate(files), migrate(files)]);
  expect(both.map(({ status }) => status)).toEqual(["completed", "completed"]);
  expect(both.map(({ result }) => result.applied).sort()).toEqual([0, 2]);
});
