/**
 * In charge of a gateway: a process on any host that answers SQL over HTTP for databases on registered servers by itself, as
 * the daemon's workers do, and forwards everything else to a control plane. It keeps nothing that outlives it.
 */
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Config } from "../../base/config.ts";
import { posternError } from "../../base/error.ts";
import { newGatewayId } from "../../base/id.ts";
import { bracketed, requireSafeListen } from "../../base/listen.ts";
import type { Observe } from "../../base/observation.ts";
import { createRequestHost } from "../../http/request-host.ts";
import { anyFreePort } from "../../instances/free-port.ts";
import { CertificateRenewal, openStamped, type StampedCertificate } from "../certificate-renewal.ts";
import { pairOf } from "../data-plane.ts";
import { type GatewayRules, type GatewaySelf, gatewayProtocol } from "../gateways/gateway-messages.ts";
import { createLogObserver } from "../logger.ts";
import { Metrics } from "../metrics.ts";
import { readVersion } from "../version.ts";
import { WorkerPool } from "../workers/worker-pool.ts";
import { type ControlEndpoint, openEndpoint } from "./control-endpoint.ts";
import { ControlLink } from "./control-link.ts";
import { openForwardServer } from "./forward-server.ts";
import { makeGatewayDirectory } from "./gateway-directory.ts";
import { GatewayKnowledge } from "./gateway-knowledge.ts";
import { GatewayRelays } from "./gateway-relays.ts";
import { GatewayReports } from "./gateway-reports.ts";
import { makeDoors } from "./sessions/make-doors.ts";
import type { DoorKind, SessionDoors } from "./sessions/session-doors.ts";

export interface GatewayOptions {
  /** Addresses of control planes over one set of tables. */
  control: readonly string[];
  token: string;
  /** What it is called in lists; the host's name unless said otherwise. */
  name?: string | undefined;
  config: Config;
  /** Authorities to trust at the control planes; undefined: those that Node knows. */
  ca: string[] | undefined;
}

export interface RunningGateway {
  url: string;
  controlUrl: string;
  workers: number;
  /** At which Postgres sessions come in. */
  ports: Record<DoorKind, number>;
  /** Takes nothing more, answers what is under way for up to `graceMs`, and ends. */
  stop(graceMs?: number): Promise<void>;
}

const readyWithinMs = 15_000;
const drainMs = 30_000;

/** @throws Y8050 Y8051 Y8052 Y8056, and what the daemon's own start throws of its port and certificate */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config, ca } = options;
  requireSafeListen(config);
  const trust = { ca, insecure: config.insecure };
  const endpoints = options.control.map((url) => openEndpoint(url, trust));
  const certificate = config.tls && (await openStamped(config.tls));
  const cleanup: (() => Promise<unknown>)[] = [];
  try {
    return await compose({ ...options, endpoints, certificate, cleanup });
  } catch (error) {
    await runAll(cleanup);
    throw error;
  }
}

interface Parts extends GatewayOptions {
  endpoints: ControlEndpoint[];
  certificate: StampedCertificate | null;
  /** What undoes each step, in the order of the steps. */
  cleanup: (() => Promise<unknown>)[];
}

async function compose(parts: Parts): Promise<RunningGateway> {
  const { config, certificate, cleanup } = parts;
  const directory = await makeGatewayDirectory();
  cleanup.push(() => rm(directory, { recursive: true, force: true }));
  const workers = Math.max(1, config.workers);
  // Loading their programs is most of what their start takes.
  const pool = new WorkerPool(workers);
  const port = config.httpPort === 0 ? await anyFreePort(config.listen) : config.httpPort;
  const url = `${certificate ? "https" : "http"}://${bracketed(config.listen)}:${port}`;
  const metrics = new Metrics();
  const observe = observeWith(createLogObserver(config), metrics);
  const { link, knowledge, doors, rules } = await connect(parts, { directory, pool, url, observe });
  const ruled = { ...config, domain: rules.domain, origins: rules.origins, workers };
  const state = { isDraining: false };
  await serve(
    { ...parts, config: ruled },
    { directory, pool, port, metrics, observe, link, knowledge, doors, state },
  );
  return {
    url,
    controlUrl: link.endpoints()[0]!.url,
    workers,
    ports: doors.ports,
    async stop(graceMs = drainMs) {
      state.isDraining = true;
      await Promise.all([pool.stop(graceMs), doors.stop(graceMs)]);
      await runAll(cleanup);
    },
  };
}

interface Connection {
  directory: string;
  pool: WorkerPool;
  url: string;
  observe: Observe;
}

/** Before anything is served: who is not let in need not wait for it. */
async function connect(parts: Parts, { directory, pool, url, observe }: Connection) {
  const { endpoints, token, cleanup } = parts;
  const relays = new GatewayRelays(directory, (databaseId) => link.ask("place", databaseId));
  cleanup.push(() => relays.close());
  let rules: GatewayRules | undefined;
  const link: ControlLink = new ControlLink({
    endpoints,
    token,
    self: await describeSelf(parts, url),
    observe,
    async onWelcome(given) {
      rules ??= given;
      await knowledge.forgetAll();
    },
    onOrder: (order) => knowledge.obey(order),
    onCancel: (digest) => doors.cancel(digest),
  });
  const knowledge = new GatewayKnowledge(link, relays, pool);
  const certificate = parts.certificate && pairOf(parts.certificate.current);
  const doors: SessionDoors = makeDoors({ config: parts.config, certificate, link, observe });
  cleanup.push(() => link.stop());
  cleanup.push(() => pool.stop(0));
  link.start();
  await link.ready(readyWithinMs);
  return { link, knowledge, doors, rules: rules! };
}

interface Serving extends Omit<Connection, "url"> {
  port: number;
  metrics: Metrics;
  link: ControlLink;
  knowledge: GatewayKnowledge;
  doors: SessionDoors;
  state: { isDraining: boolean };
}

async function serve(
  { config, token, certificate, cleanup }: Parts,
  { directory, pool, port, metrics, observe, link, knowledge, doors, state }: Serving,
): Promise<void> {
  const reports = new GatewayReports(link);
  reports.start();
  cleanup.push(() => reports.stop());
  cleanup.push(() => doors.stop(0));
  await doors.start();
  const socketPath = join(directory, "control.sock");
  const forward = await openForwardServer(socketPath, {
    token,
    insecure: config.insecure,
    host: createRequestHost(config),
    metrics: metrics.serviceOf({ read: async () => gauges(link, pool, doors) }),
    openMetrics: config.metrics === "loopback",
    endpoints: () => link.endpoints(),
    doors: () => `${doors.ports.pool};${doors.ports.direct}${certificate ? ";tls" : ""}`,
    health: () => ({ status: state.isDraining ? "draining" : link.isUp ? "ok" : "without_control" }),
  });
  cleanup.push(async () => {
    forward.close();
    forward.closeAllConnections();
  });
  cleanup.push(() => pool.stop(drainMs));
  await pool.start({
    start: {
      config,
      port,
      certificate: certificate && pairOf(certificate.current),
      daemonSocket: socketPath,
      workers: config.workers,
      isGateway: true,
    },
    questions: knowledge.questions,
    observe,
    noteUse: (used) => reports.noteUse(used),
    noteStatements(bundle) {
      metrics.noteStatements(bundle);
      reports.noteStatements(bundle);
    },
    count: (summaries) => metrics.count(summaries),
  });
  if (certificate) await renew(certificate, { config, observe, pool, doors, cleanup });
}

async function renew(
  certificate: StampedCertificate,
  {
    config,
    observe,
    pool,
    doors,
    cleanup,
  }: Pick<Parts, "config" | "cleanup"> & Pick<Serving, "observe" | "pool" | "doors">,
): Promise<void> {
  const renewal = new CertificateRenewal(certificate, {
    files: config.tls!,
    observe,
    distribute(renewed) {
      doors.renewCertificate(pairOf(renewed));
      return pool.renewCertificate(pairOf(renewed));
    },
  });
  cleanup.push(() => renewal.stop());
  await renewal.start();
}

const describeSelf = async ({ name = hostname() }: GatewayOptions, address: string): Promise<GatewaySelf> => {
  if (!/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i.test(name))
    throw posternError("Y1013", `"${name}" cannot be the name of a gateway.`, {
      hint: "Give 1 to 63 letters, digits, dots and dashes with --name.",
    });
  return { id: newGatewayId(), name, version: await readVersion(), address, protocol: gatewayProtocol };
};

const gauges = async (link: ControlLink, pool: WorkerPool, doors: SessionDoors) => [
  {
    name: "postern_gateway_control_up",
    help: "Is there a stream from a control plane?",
    samples: [{ value: link.isUp ? 1 : 0 }],
  },
  {
    name: "postern_requests_under_way",
    help: "Requests that are being answered.",
    samples: [{ value: pool.underWay }],
  },
  {
    name: "postern_gateway_sessions",
    help: "Postgres sessions that are led.",
    samples: (["pool", "direct"] as const).map((door) => ({ labels: { door }, value: doors.count(door) })),
  },
];

const observeWith =
  (log: Observe, metrics: Metrics): Observe =>
  (observation) => {
    log(observation);
    metrics.observe(observation);
  };

async function runAll(cleanup: (() => Promise<unknown>)[]): Promise<void> {
  for (let step = cleanup.pop(); step !== undefined; step = cleanup.pop()) await step().catch(() => {});
}
