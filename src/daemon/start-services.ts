/** In charge of starting what serves and works once the servers run: HTTP, its workers, operations, timers, the certificate. */
import { join } from "node:path";
import type { Certificate } from "../base/read-certificate.ts";
import { createHttpServer, type HttpServerOptions } from "../http/server.ts";
import type { Platform } from "../instances/platform.ts";
import { wakeOnDemand } from "../instances/sleeping-instance.ts";
import { writeTlsFile } from "../runtime/tls-file.ts";
import { backgroundServices } from "./background-services.ts";
import { CertificateRenewal, type OpenCertificate } from "./certificate-renewal.ts";
import { pairOf } from "./data-plane.ts";
import type { DaemonFacts } from "./describe-daemon.ts";
import { compositionOf } from "./http-services.ts";
import type { Metrics } from "./metrics.ts";
import type { ControlShare } from "./share-control.ts";
import { reloadServers, type Servers } from "./start-servers.ts";
import type { WorkerPool } from "./workers/worker-pool.ts";

export interface ServicesOptions {
  platform: Platform;
  servers: Servers;
  certificate: OpenCertificate | null;
  metrics: Metrics;
  facts: DaemonFacts;
  stopping: AbortController;
  /** Made already, serving nothing yet. */
  workers: WorkerPool | undefined;
  /** Where several control planes share their tables. */
  share: ControlShare | undefined;
  /** What undoes each step, in the order of the steps. */
  cleanup: (() => Promise<unknown>)[];
}

export async function startServices(options: ServicesOptions): Promise<void> {
  const { platform, servers, certificate, metrics, facts, stopping, workers, cleanup, share } = options;
  const { config, account, observe } = platform;
  const daemonSocket = join(config.home, "run", "daemon.sock");
  const sources = {
    countSessions: () => servers.pooler.countSessions(),
    underWay: (): number => workers?.underWay ?? http.underWay(),
  };
  const composition = compositionOf(platform, { facts, daemonSocket, metrics, sources, workers, share });
  const { services, query, records, dataPlane } = composition;
  cleanup.push(() => query.close());
  cleanup.push(() => records.close());
  // Where workers stand in front, TLS ends with them.
  const socketPath = workers && daemonSocket;
  const http = createHttpServer(services, { ...httpOptions(platform, facts), socketPath });
  wakeOnDemand(platform);
  for (const service of backgroundServices(platform, servers, composition, share)) {
    cleanup.push(() => service.stop());
    await service.start();
  }
  cleanup.push(() => http.close());
  await http.listen();
  cleanup.push(async () => workers?.stop());
  await dataPlane.startWorkers();
  // Before the workers stop: they wait for the connections that they have handed on.
  cleanup.push(() => http.closeWebSockets());
  if (certificate) {
    const distribute = async (renewed: Certificate) => {
      http.renewCertificate(pairOf(renewed));
      await workers?.renewCertificate(pairOf(renewed));
      await reloadServers(config.home, servers.runtime, servers.pooler);
    };
    const save = (renewed: Certificate) => writeTlsFile(config.home, account, renewed);
    const renewal = new CertificateRenewal(certificate, { files: config.tls!, observe, save, distribute });
    cleanup.push(() => renewal.stop());
    await renewal.start();
  }
  cleanup.push(async () => stopping.abort(new Error("Postern is stopping")));
}

function httpOptions(platform: Platform, { version }: DaemonFacts): HttpServerOptions {
  const { config, ports, observe, certificate } = platform;
  return {
    listen: config.listen,
    port: ports.http,
    tls: config.workers > 0 || certificate === null ? null : pairOf(certificate.current),
    domain: config.domain,
    hosts: config.hosts,
    limits: config.limits,
    clientLimits: config.clientLimits,
    origins: config.origins,
    rateLimit: config.rateLimit,
    requestTimeoutMs: config.requestTimeoutMs,
    webSockets: { insecure: config.insecure },
    metrics: config.metrics,
    version,
    observe,
  };
}
