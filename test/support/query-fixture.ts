/** In charge of a data plane for tests: the query service over a throw-away Postgres with one user's database. */

import type { JsonValue, QueryRequest, TransactionRequest } from "@postern/sdk/protocol";
import pg from "pg";
import type { Limits } from "../../src/base/config.ts";
import type { DatabaseId } from "../../src/base/id.ts";
import type { DatabaseAddress } from "../../src/instances/database-address.ts";
import type { EncodedAnswer } from "../../src/query/encoded-answer.ts";
import type { QueryOptions } from "../../src/query/query-context.ts";
import { createQueryService, type QueryService } from "../../src/query/query-service.ts";
import type { StreamLimits } from "../../src/query/stream-limits.ts";
import { startTestState } from "./test-state.ts";

export interface Result {
  rows: Record<string, JsonValue>[];
  fields: { name: string; type_oid: number; type: string }[];
  row_count: number;
  rows_affected: number;
}

export interface QueryFixture {
  address: DatabaseAddress;
  /** Superuser's connection to the user's database, past the data plane. */
  admin: pg.Client;
  service: QueryService;
  /** A second service over the same database, with limits of its own. */
  openService(limits: Partial<Limits>, streamLimits?: StreamLimits): QueryService;
  query(sql: string, params?: JsonValue[], options?: QueryOptions): Promise<Result>;
  execute(sql: string, params?: JsonValue[]): Promise<Result>;
  transaction(
    statements: (string | QueryRequest)[],
    modes?: Omit<TransactionRequest, "statements">,
  ): Promise<{ results: Result[] }>;
  /** How many sessions of the server run a statement with this text. */
  countActive(text: string): Promise<number>;
  close(): Promise<void>;
}

export const target = { databaseId: "db-0123456789ab" as DatabaseId };
export const owner = "db_owner";

export const queryLimits: Limits = {
  bodyBytes: 10 * 1024 * 1024,
  answerBytes: 64 * 1024 * 1024,
  statements: 100,
  statementTimeoutMs: 30_000,
  connectionsPerDatabase: 6,
};

export const clientLimits = {
  bodyBytes: 1024 * 1024,
  answerBytes: 8 * 1024 * 1024,
  statements: 20,
  statementTimeoutMs: 5_000,
  transactionTimeoutMs: 15_000,
  connectionsPerRole: 2,
  underWayPerCaller: 4,
};

export const textOf = (answer: EncodedAnswer): string => {
  const bytes = Buffer.concat(answer.chunks);
  if (bytes.length !== answer.byteLength) throw new Error("byteLength does not tell the truth");
  return bytes.toString("utf8");
};

const read = (answer: EncodedAnswer) => JSON.parse(textOf(answer));

/** A session of the owner's past the data plane. The fixture does not end it. */
export async function connectOwner({ address }: QueryFixture): Promise<pg.Client> {
  const client = new pg.Client({ ...address });
  await client.connect();
  return client;
}

export async function startQueryFixture(limits: Partial<Limits> = {}): Promise<QueryFixture> {
  const server = await startTestState();
  const host = server.state.pool.options.host!;
  await server.state.query(`create role ${owner} login nosuperuser`);
  await server.state.query(`create database app owner ${owner}`);
  const admin = new pg.Client({ host, user: "postern_admin", database: "app" });
  await admin.connect();
  await admin.query(`alter schema public owner to ${owner}`);
  const address: DatabaseAddress = { host, port: 5432, database: "app", user: owner };
  const services: QueryService[] = [];
  const openService = (changed: Partial<Limits>, streamLimits?: StreamLimits) => {
    const service = createQueryService({
      limits: { ...queryLimits, ...limits, ...changed },
      clientLimits,
      ...(streamLimits && { streamLimits }),
      findAddress: async () => address,
      openClientAccess: async () => Promise.reject(new Error("this fixture has no clients")),
    });
    services.push(service);
    return service;
  };
  const service = openService({});
  return {
    address,
    admin,
    service,
    openService,
    query: async (sql, params = [], options = {}) =>
      read(await service.query(target, { sql, params }, options)),
    execute: async (sql, params = []) => read(await service.execute(target, { sql, params })),
    transaction: async (statements, modes = {}) =>
      read(
        await service.transaction(target, {
          ...modes,
          statements: statements.map((one) => (typeof one === "string" ? { sql: one } : one)),
        }),
      ),
    async countActive(text) {
      const { rows } = await admin.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity
          where state = 'active' and strpos(query, $1) > 0 and pid <> pg_backend_pid()`,
        [text],
      );
      return rows[0]!.n;
    },
    async close() {
      await Promise.all(services.map((one) => one.close()));
      await admin.end();
      await server.close();
    },
  };
}
