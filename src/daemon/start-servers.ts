/** In charge of bringing up the Postgres servers and the pooler in their order, and of stopping them in reverse. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import { inParallel } from "../base/in-parallel.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import { isLoopback } from "../base/listen.ts";
import type { Observe } from "../base/observation.ts";
import { describePortHolder } from "../base/port-holder.ts";
import { SharedGate } from "../copies/shared-gate.ts";
import { SharedLock } from "../copies/shared-lock.ts";
import { isFreeWithin } from "../instances/free-port.ts";
import type { Platform } from "../instances/platform.ts";
import { ensureGate } from "../instances/server-door.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { ServerSupervisor } from "../instances/server-supervisor.ts";
import { type Gate, stopGate } from "../runtime/gate/gate.ts";
import { stopMarked } from "../runtime/marked-processes.ts";
import { MicrovmRuntime } from "../runtime/microvm/microvm-runtime.ts";
import { PgBouncer } from "../runtime/pgbouncer.ts";
import { PostgresMajors } from "../runtime/postgres-majors.ts";
import { ProcessRuntime } from "../runtime/process-runtime.ts";
import { RoutedRuntime } from "../runtime/routed-runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { clearControlGroups } from "../runtime/sandbox/control-groups.ts";
import { openSandbox, type SandboxState } from "../runtime/sandbox/open-sandbox.ts";
import type { ServerAccount } from "../runtime/server-account.ts";
import type { ServerExposure } from "../runtime/server-settings.ts";
import { postgresMajor, type Toolchain } from "../runtime/toolchain.ts";
import { WarmPools } from "../runtime/warm-pools.ts";
import { listDatabasesOfInstance, listOwnInstanceDatabases } from "../state/databases.ts";
import { insertInstance, updateInstance } from "../state/instances.ts";
import type { State } from "../state/state.ts";
import { startOwnInstances } from "./start-own-instances.ts";

export interface ServersOptions {
  config: Config;
  ports: Platform["ports"];
  account: ServerAccount;
  toolchain: Toolchain;
  observe: Observe;
  poolAdminPassword: string;
  /** The servers' copy of the certificate; null: no TLS. */
  tlsFile: string | null;
  report(message: string): void;
  /** The gate's, if it is not beside this code. */
  gateProgram?: string;
}

export interface Servers {
  /** What keeps servers from each other, besides passwords. */
  sandbox: SandboxState;
  runtime: Runtime;
  majors: PostgresMajors;
  warmPool: WarmPools;
  supervisor: ServerSupervisor;
  pooler: PgBouncer;
  gate: Gate;
  instanceLock: KeyedLock;
}

export async function composeServers(options: ServersOptions): Promise<Servers> {
  const { config, ports, account, toolchain, report } = options;
  const sandbox = await openSandbox({
    config,
    account,
    toolchain,
    report: (event) => event.type === "phase" && report(event.message),
  });
  const majors = new PostgresMajors(toolchain, config);
  const warmPool = new WarmPools({
    instances: join(config.home, "instances"),
    run: join(config.home, "run"),
    majors,
    account,
    ephemeral: config.ephemeral,
    report,
  });
  // Beside shared tables there are no servers of Postern's own.
  if (config.sharedState === null) await warmPool.prepare();
  const processes = new ProcessRuntime({
    toolchain,
    majors,
    account,
    exposure: exposureOf(options),
    countsStatements: config.insights.enabled,
    ephemeral: config.ephemeral,
    warmPool,
    sandbox: sandbox.sandbox,
    insistsOnSandbox: config.sandbox === "on",
  });
  const gate = composeGate(options);
  const instanceLock = new SharedLock();
  const guests = composeGuests(options, warmPool, gate, () => ensureGate({ supervisor, gate, instanceLock }));
  const runtime = new RoutedRuntime(processes, guests);
  const supervisor = new ServerSupervisor(runtime, options.observe);
  return {
    sandbox,
    runtime,
    majors,
    warmPool,
    supervisor,
    pooler: composePooler(options, ports.pool),
    gate,
    instanceLock,
  };
}

const composeGate = ({ config, account, gateProgram }: ServersOptions): Gate =>
  new SharedGate({
    directory: gateDirectory(config.home),
    logFile: join(config.home, "logs", "gate.log"),
    account,
    program: gateProgram,
  });

function composeGuests(
  { config, account, toolchain, observe }: ServersOptions,
  warmPool: WarmPools,
  gate: Gate,
  ensure: () => Promise<void>,
): MicrovmRuntime {
  return new MicrovmRuntime({
    root: config.toolchainDirectory,
    directory: join(config.home, "run"),
    usualMajor: postgresMajor(toolchain),
    account,
    ephemeral: config.ephemeral,
    countsStatements: config.insights.enabled,
    isEncrypted: !isLoopback(config.listen) && !config.insecure,
    templateOf: (major) => warmPool.template(major),
    bridges: {
      async serve(plan) {
        await ensure();
        await gate.bridge(plan);
      },
      drop: (name) => gate.unbridge(name),
    },
    observe: (detail) => observe({ type: "service", service: "guests", event: "failed", detail }),
  });
}

const gateDirectory = (home: string): string => join(home, "run", "gate");

const exposureOf = ({ config, tlsFile }: Pick<ServersOptions, "config" | "tlsFile">): ServerExposure => ({
  listen: config.listen,
  tlsFile,
  insecure: config.insecure,
});

export function composePooler(
  options: Pick<ServersOptions, "config" | "toolchain" | "account" | "poolAdminPassword" | "tlsFile">,
  port: number,
): PgBouncer {
  const { home } = options.config;
  return new PgBouncer({
    ...exposureOf(options),
    port,
    directory: join(home, "pgbouncer"),
    socketDirectory: join(home, "run", "pool"),
    sharedSocketDirectory: serverLayout(home, "shared").socketDirectory,
    systemSocketDirectory: serverLayout(home, "system").socketDirectory,
    toolchain: options.toolchain,
    account: options.account,
    adminPassword: options.poolAdminPassword,
  });
}

export async function startSystemServer(config: Config, servers: Servers): Promise<void> {
  const spec = serverSpec(config.home, "system", null);
  await servers.runtime.create(spec);
  await servers.supervisor.keepRunning(spec);
}

/** The shared instance, every instance of one database, and the pooler in front of them. */
export async function startTenantServers(
  options: ServersOptions,
  servers: Servers,
  state: State,
): Promise<void> {
  if (options.config.sharedState === null) await startSharedServer(options, servers, state);
  else await ensureGate(servers);
  await startPooler(options, servers, state);
}

async function startSharedServer(options: ServersOptions, servers: Servers, state: State): Promise<void> {
  const { config, ports, toolchain } = options;
  await insertInstance(state, {
    id: "shared",
    kind: "shared",
    status: "running",
    tcp_port: ports.direct,
    version: toolchain.postgresVersion,
  });
  await updateInstance(state, "shared", { tcp_port: ports.direct });
  const shared = serverSpec(config.home, "shared", ports.direct);
  if ((await servers.runtime.findPid(shared)) === null)
    await requireFreePort(ports.direct, config.listen, "POSTERN_DIRECT_PORT");
  // An empty server in the place of one that held databases would be worse than none.
  if ((await listDatabasesOfInstance(state, "shared")).length === 0) await servers.runtime.create(shared);
  await servers.supervisor.keepRunning(shared, { evenIfItFails: true });
  await startOwnInstances(options, servers, state);
  await updateInstance(state, "shared", { version: await servers.runtime.versionOf(shared) });
}

async function startPooler({ config, ports }: ServersOptions, servers: Servers, state: State): Promise<void> {
  if ((await servers.pooler.findPid()) === null)
    await requireFreePort(ports.pool, config.listen, "POSTERN_POOL_PORT");
  const targets = (await listOwnInstanceDatabases(state)).map((row) => ({
    database: row.database_name,
    socketDirectory: serverLayout(config.home, row.instance_id!).socketDirectory,
  }));
  await servers.supervisor.supervise({
    name: "pgbouncer",
    start: () => servers.pooler.start(targets),
    findPid: () => servers.pooler.findPid(),
  });
}

/** The program that had it may be about to end. */
const patienceMs = 3_000;

/** @throws Y0004 */
async function requireFreePort(port: number, listen: string, variable: string): Promise<void> {
  if (await isFreeWithin(port, listen, patienceMs)) return;
  throw posternError("Y0004", `Port ${port} on ${listen} is in use by ${await describePortHolder(port)}.`, {
    hint: `Choose another with ${variable}, or 0 for any free one.`,
  });
}

/** Makes the servers that other machines reach read their certificate again. */
export async function reloadServers(home: string, runtime: Runtime, pooler: PgBouncer): Promise<void> {
  for (const name of await serverNames(home)) {
    if (name !== "system") await runtime.reload(serverSpec(home, name, null));
  }
  await pooler.reload();
}

export const serverNames = async (home: string): Promise<string[]> =>
  (await readdir(join(home, "instances")).catch(() => [])).filter((name) => !name.startsWith("."));

/** Users' own services, which go before what they work with. */
const serviceGraceMs = 10_000;

/** Stops everything of this home that runs, whoever started it: the pooler first, Postern's own tables last. */
export async function stopServers(
  home: string,
  runtime: Pick<Runtime, "stop">,
  pooler: Pick<PgBouncer, "stop">,
): Promise<void> {
  await stopMarked({ home }, serviceGraceMs);
  await pooler.stop();
  await stopGate(gateDirectory(home));
  const names = await serverNames(home);
  const failures: unknown[] = [];
  const stop = (name: string) =>
    runtime.stop(serverSpec(home, name, null)).catch((error: unknown) => failures.push(error));
  await inParallel(
    8,
    names.filter((name) => name !== "system"),
    stop,
  );
  await stop("system");
  await clearControlGroups(home);
  if (failures.length > 0) throw failures[0];
}
