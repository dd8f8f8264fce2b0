/** In charge of composing everything in its order; the one place that knows all the parts. */

import { ensureAdminAccount, issueAdminKey } from "../access/accounts.ts";
import { sweepScratchServers } from "../archive/scratch-server.ts";
import { sweepBackups } from "../backups/sweep-backups.ts";
import { systemClock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { Observe } from "../base/observation.ts";
import { Secrets } from "../base/secrets.ts";
import { sharedSpares } from "../databases/create-database.ts";
import { signAlike } from "../instances/client-access.ts";
import { OperationEvents } from "../instances/operation-events.ts";
import type { Platform } from "../instances/platform.ts";
import { chooseAddress } from "../instances/server-address.ts";
import { refillSpareDatabases } from "../instances/spare-databases.ts";
import { ensureToolchain } from "../runtime/ensure-toolchain.ts";
import type { ServerAccount } from "../runtime/server-account.ts";
import type { Toolchain } from "../runtime/toolchain.ts";
import type { State } from "../state/state.ts";
import { openCertificate } from "./certificate-renewal.ts";
import { choosePorts } from "./choose-ports.ts";
import { apiUrl, type DaemonFacts, describeDaemon } from "./describe-daemon.ts";
import { readMasterKey, readOrMakeSecret, writeDaemonFile } from "./home.ts";
import { createLogObserver } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import { noteRegistered } from "./note-registered.ts";
import { openSharedState } from "./open-shared-state.ts";
import { openWayToState } from "./open-way-to-state.ts";
import { openState } from "./own-tables.ts";
import { requireReachable } from "./require-reachable.ts";
import { shareControl } from "./share-control.ts";
import type { StartEvents } from "./start-events.ts";
import {
  composeServers,
  type Servers,
  startSystemServer,
  startTenantServers,
  stopServers,
} from "./start-servers.ts";
import { startServices } from "./start-services.ts";
import { readVersion } from "./version.ts";
import type { WorkerPool } from "./workers/worker-pool.ts";

export interface ComposeOptions {
  config: Config;
  account: ServerAccount;
  events: StartEvents;
  /** The caller has no API key for this home: hand it one. */
  issueKey: boolean;
  /** Made already, serving nothing yet. */
  workers: WorkerPool | undefined;
  /** What undoes each step, in the order of the steps. */
  cleanup: (() => Promise<unknown>)[];
}

export async function composeDaemon(options: ComposeOptions): Promise<void> {
  const { config, account, workers, cleanup } = options;
  const facts: DaemonFacts = { version: await readVersion(), startedAt: systemClock.now() };
  const phase = (name: string, message: string) => options.events.tell({ type: "phase", name, message });
  const toolchain = await openToolchain(options);
  const metrics = new Metrics();
  const observe = observeWith(createLogObserver(config), metrics.observe);
  const certificate = await openCertificate(config, account);
  const ports = await choosePorts(config, (message) => {
    observe({ type: "service", service: "ports", event: "moved", detail: message });
    options.events.tell({ type: "warning", message });
  });
  const poolAdminPassword = (await readOrMakeSecret(config.home, "pool-admin", 24)).toString("hex");
  const serversOptions = {
    config,
    ports,
    account,
    toolchain,
    observe,
    poolAdminPassword,
    tlsFile: certificate?.file ?? null,
    report: (message: string) => phase("servers", message),
  };
  phase("servers", "Starting the servers");
  const servers = await composeServers(serversOptions);
  cleanup.push(() => stopServers(config.home, servers.runtime, servers.pooler));
  cleanup.push(() => servers.supervisor.stop());
  const secrets = new Secrets(await readMasterKey(config));
  if (config.sharedState) signAlike(secrets);
  const state = await openTables(config, account, servers, secrets);
  cleanup.push(() => state.close());
  await noteRegistered({ config, account, secrets }, servers, state);
  await startTenantServers(serversOptions, servers, state);
  const stopping = new AbortController();
  const alone: Platform = {
    config,
    ports,
    address: chooseAddress(config, certificate?.current ?? null),
    certificate,
    clock: systemClock,
    observe,
    state,
    toolchain,
    account,
    ...servers,
    secrets,
    operationEvents: new OperationEvents(),
    stopping: stopping.signal,
  };
  const { platform, share } = config.sharedState
    ? shareControl(alone, servers, facts)
    : { platform: alone, share: undefined };
  await sweepBackups(platform);
  await sweepScratchServers(platform);
  await servers.supervisor.start();
  const adminKey =
    (await ensureAdminAccount(platform)) ??
    (options.issueKey ? await issueAdminKey(platform, "postern up") : null);
  await startServices({ platform, servers, certificate, metrics, facts, stopping, workers, cleanup, share });
  await writeDaemonFile(config.home, {
    pid: process.pid,
    api_url: apiUrl(platform),
    started_at: facts.startedAt.toISOString(),
    version: facts.version,
  });
  const status = await describeDaemon(platform, facts);
  options.events.tell({ type: "ready", status, ...(adminKey === null ? {} : { admin_key: adminKey }) });
  warmUp(platform);
}

async function openToolchain({ config, account, events }: ComposeOptions): Promise<Toolchain> {
  const toolchain = await ensureToolchain(config, (event) => {
    if (event.type === "phase") events.tell({ type: "phase", name: "toolchain", message: event.message });
    else events.tell(event);
  });
  if (toolchain.directory !== "system") await requireReachable(toolchain.directory, account);
  return toolchain;
}

/** In a server of the home, or where several control planes share them. */
async function openTables(
  config: Config,
  account: ServerAccount,
  servers: Servers,
  secrets: Secrets,
): Promise<State> {
  if (config.sharedState === null) {
    await startSystemServer(config, servers);
    return openState(config);
  }
  await openWayToState(config, account, servers);
  return openSharedState(config, secrets);
}

/** Everything that is observed goes to all who listen. */
const observeWith =
  (...observers: Observe[]): Observe =>
  (observation) => {
    for (const observe of observers) observe(observation);
  };

/** Prepared directories and databases make the next creation fast; they are made after the daemon is ready. */
function warmUp(platform: Platform): void {
  if (platform.config.sharedState !== null) return;
  const fault = (where: string) => (error: unknown) => platform.observe({ type: "fault", where, error });
  platform.warmPool.refill().catch(fault("warm pool"));
  refillSpareDatabases(platform, "shared", sharedSpares).catch(fault("spare databases"));
}
