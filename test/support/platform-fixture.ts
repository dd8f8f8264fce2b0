/**
 * In charge of a whole platform for tests of operations: real servers, pooler and tables of its own in a home of its own,
 * without the daemon and its HTTP server. Operations run in the test's own process, one at a time.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DatabaseClass, Isolation } from "@postern/sdk/protocol";
import pg from "pg";
import { systemClock } from "../../src/base/clock.ts";
import { type Config, readConfig } from "../../src/base/config.ts";
import { newAccountId } from "../../src/base/id.ts";
import type { Observation } from "../../src/base/observation.ts";
import { Secrets } from "../../src/base/secrets.ts";
import { choosePorts } from "../../src/daemon/choose-ports.ts";
import { prepareHome } from "../../src/daemon/home.ts";
import { openState } from "../../src/daemon/own-tables.ts";
import {
  composeServers,
  startSystemServer,
  startTenantServers,
  stopServers,
} from "../../src/daemon/start-servers.ts";
import { requestCreateDatabase } from "../../src/databases/create-database.ts";
import { operationHandlers } from "../../src/databases/operation-handlers.ts";
import { OperationEvents } from "../../src/instances/operation-events.ts";
import type { Platform } from "../../src/instances/platform.ts";
import { chooseAddress } from "../../src/instances/server-address.ts";
import { connectAs } from "../../src/instances/with-admin.ts";
import {
  type OperationHandlers,
  type OperationListener,
  runOperation,
} from "../../src/maintenance/run-operation.ts";
import { ensureServerAccount } from "../../src/runtime/server-account.ts";
import { insertAccount } from "../../src/state/accounts.ts";
import { type DatabaseRow, findDatabaseById } from "../../src/state/databases.ts";
import { findOperation, type OperationRow } from "../../src/state/operations.ts";
import { copyPreparedHome, fastSettings } from "./prepared-home.ts";
import { testToolchain } from "./toolchain.ts";

export interface PlatformFixture {
  platform: Platform;
  handlers: OperationHandlers;
  /** Everything that was observed so far. */
  observations: Observation[];
  /** A database that is ready. */
  createDatabase(options?: {
    user?: string;
    class?: DatabaseClass;
    isolation?: Isolation;
  }): Promise<DatabaseRow>;
  /** Carries an operation to its end, by other handlers if given; returns what its row says then. */
  carryOut(
    operation: OperationRow,
    handlers?: OperationHandlers,
    listener?: OperationListener,
  ): Promise<OperationRow>;
  /** A session as the owner of the database, past the pooler; ended by `close` if not by the test. */
  connect(row: DatabaseRow): Promise<pg.Client>;
  /** A session as the superuser of the database's server. */
  connectAdmin(row: DatabaseRow, database?: string): Promise<pg.Client>;
  /** A session as the owner through PgBouncer. */
  connectPooled(row: DatabaseRow): Promise<pg.Client>;
  close(): Promise<void>;
}

export async function startPlatformFixture(
  environment: Record<string, string> = {},
): Promise<PlatformFixture> {
  const root = await mkdtemp(join(tmpdir(), "ppf-"));
  await chmod(root, 0o711);
  const config = readConfig({
    POSTERN_HOME: join(root, "home"),
    POSTERN_TOOLCHAIN_DIR: readConfig().toolchainDirectory,
    POSTERN_CONFIG_DIR: join(root, "config"),
    POSTERN_HTTP_PORT: "0",
    POSTERN_POOL_PORT: "0",
    POSTERN_DIRECT_PORT: "0",
    ...fastSettings,
    ...environment,
  });
  await copyPreparedHome(config.home);
  const observations: Observation[] = [];
  const { platform, stop } = await startPlatform(config, observations);
  const handlers = operationHandlers({ closeDatabase: async () => {}, drainDatabase: async () => {} });
  const account = await insertAccount(platform.state, {
    id: newAccountId(),
    username: "tester",
    password_hash: null,
    role: "admin",
  });
  const sessions = new Set<pg.Client>();
  const keep = (client: pg.Client) => {
    client.on("error", () => {});
    sessions.add(client);
    return client;
  };
  const carryOut: PlatformFixture["carryOut"] = async (
    operation,
    others = handlers,
    listener = undefined,
  ) => {
    await runOperation(platform, others, operation.id, listener);
    return (await findOperation(platform.state, operation.id))!;
  };
  return {
    platform,
    handlers,
    observations,
    carryOut,
    async createDatabase(options = {}) {
      const { id, operation } = await requestCreateDatabase(platform, account.id, {
        password: "correct horse",
        ...options,
      });
      const end = await carryOut(operation);
      if (end.status !== "completed") throw new Error(`no database: ${JSON.stringify(end.error)}`);
      return (await findDatabaseById(platform.state, id))!;
    },
    connect: async (row) =>
      keep(await connectAs(platform, row.instance_id!, row.database_name, row.role_name)),
    connectAdmin: async (row, database = row.database_name) =>
      keep(await connectAs(platform, row.instance_id!, database, "postern_admin")),
    async connectPooled(row) {
      const client = keep(
        new pg.Client({
          host: "127.0.0.1",
          port: platform.ports.pool,
          user: row.role_name,
          password: "correct horse",
          database: row.database_name,
        }),
      );
      await client.connect();
      return client;
    },
    async close() {
      await Promise.all([...sessions].map((client) => client.end().catch(() => {})));
      await stop();
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** In the order of the daemon. */
async function startPlatform(
  config: Config,
  observations: Observation[],
): Promise<{ platform: Platform; stop(): Promise<void> }> {
  const account = await ensureServerAccount();
  await prepareHome(config.home, account);
  const stopping = new AbortController();
  const options = {
    config,
    ports: await choosePorts(config, () => {}),
    account,
    toolchain: await testToolchain(),
    observe: (observation: Observation) => void observations.push(observation),
    poolAdminPassword: "pool admin",
    tlsFile: null,
    report: () => {},
    // A process of its own cannot run the source.
    gateProgram: fileURLToPath(new URL("../../dist/bin/postern-gate.js", import.meta.url)),
  };
  const servers = await composeServers(options);
  const stopAll = () => stopServers(config.home, servers.runtime, servers.pooler);
  try {
    await startSystemServer(config, servers);
    const state = await openState(config);
    await startTenantServers(options, servers, state);
    await servers.supervisor.start();
    const platform: Platform = {
      ...options,
      address: chooseAddress(config, null),
      certificate: null,
      clock: systemClock,
      state,
      ...servers,
      secrets: new Secrets(Buffer.alloc(32, 7)),
      operationEvents: new OperationEvents(),
      stopping: stopping.signal,
    };
    const stop = async () => {
      stopping.abort(new Error("the test is over"));
      await servers.supervisor.stop();
      // Spares and warm directories are made in the background.
      await servers.warmPool.refill().catch(() => {});
      await state.close();
      await stopAll();
    };
    return { platform, stop };
  } catch (error) {
    await servers.supervisor.stop();
    await stopAll();
    throw error;
  }
}
