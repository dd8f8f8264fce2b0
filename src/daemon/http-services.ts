/** In charge of giving the HTTP server the functions behind its routes. */

import { logIn, logOut, registerAccount, whoAmI } from "../access/accounts.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import type { CopyOrders } from "../copies/copy-orders.ts";
import { openClientAccess } from "../databases/client-access.ts";
import { operationHandlers } from "../databases/operation-handlers.ts";
import type { HttpServices } from "../http/services/http-services.ts";
import type { Handlers } from "../instances/cancel-operation.ts";
import type { Platform } from "../instances/platform.ts";
import { IdleWatch } from "../maintenance/idle-watch.ts";
import { openQueryService } from "../query/open-query-service.ts";
import type { QueryService } from "../query/query-service.ts";
import type { RecordService } from "../records/record-service.ts";
import { accessService } from "./access-service.ts";
import { auditServices } from "./audit-services.ts";
import { backupPolicyServices } from "./backup-policy-services.ts";
import { backupServices } from "./backup-services.ts";
import { branchServices } from "./branch-services.ts";
import { browseServices } from "./browse-services.ts";
import { consoleServices } from "./console-services.ts";
import { createDataPlane, type DataPlane } from "./data-plane.ts";
import { clientAccessServices, databaseServices, migrationServices } from "./database-services.ts";
import { type DaemonFacts, describeControlPlanes, describeDaemon } from "./describe-daemon.ts";
import { gatewayQuestions } from "./gateways/answer-gateway.ts";
import { GatewayHub } from "./gateways/gateway-hub.ts";
import { gatewayServices } from "./gateways/gateway-services.ts";
import { composeInsights, type Insights } from "./insight-services.ts";
import { inspectServices } from "./inspect-services.ts";
import { instanceServices } from "./instance-services.ts";
import type { Metrics } from "./metrics.ts";
import { type MetricsFacts, metricsSource } from "./metrics-source.ts";
import { operationServices } from "./operation-services.ts";
import { pauseServices } from "./pause-services.ts";
import { pointInTimeServices } from "./point-in-time-services.ts";
import { projectServices } from "./project-services.ts";
import { openRecordService, prepareLog, stateServices } from "./record-services.ts";
import { composeReleases, type Releases } from "./release-services.ts";
import { resetServices } from "./reset-services.ts";
import { rowSecurityServices } from "./row-security-services.ts";
import type { ControlShare } from "./share-control.ts";
import { credentialServices, scaleServices, tokenServices } from "./tenant-services.ts";
import { tunnelService } from "./tunnel-service.ts";
import { upgradeServices } from "./upgrade-services.ts";
import type { WorkerPool } from "./workers/worker-pool.ts";

export interface Composition {
  services: HttpServices;
  /** Holds connections: whoever composes closes it. */
  query: QueryService;
  records: RecordService;
  dataPlane: DataPlane;
  /** Whoever composes starts and stops it. */
  idleWatch: IdleWatch;
  /** The same of its book. */
  insights: Insights;
  /** The same of its keeper. */
  releases: Releases;
  /** Which code does which kind of operation. */
  handlers: Handlers;
}

export interface CompositionOptions {
  facts: DaemonFacts;
  workers: WorkerPool | undefined;
  /** Where the data plane's workers find the daemon. */
  daemonSocket: string;
  metrics: Metrics;
  sources: MetricsFacts;
  /** Where several control planes share their tables. */
  share?: ControlShare | undefined;
}

export function compositionOf(
  platform: Platform,
  { facts, daemonSocket, metrics, sources, workers, share }: CompositionOptions,
): Composition {
  const insights = composeInsights(platform, {
    version: facts.version,
    onBundle: (bundle) => metrics.noteStatements(bundle),
  });
  const query = insights.trace(
    openQueryService(platform, {
      openClientAccess: (databaseId) => openClientAccess(platform, databaseId),
      prepareLog: (databaseId) => prepareLog(platform, databaseId),
    }),
  );
  const records = openRecordService(platform);
  const access = accessService(platform);
  const dataPlane = createDataPlane(platform, {
    query,
    records,
    access,
    daemonSocket,
    metrics,
    noteStatements: (bundle) => insights.book.take(bundle),
    workers,
    orders: share?.orders,
  });
  const idleWatch = new IdleWatch(platform, dataPlane);
  // One at a time for an environment, whoever asks.
  const environmentLock = platform.config.sharedState ? platform.instanceLock : new KeyedLock();
  const releases = composeReleases(platform, dataPlane, environmentLock);
  const handlers = { ...operationHandlers(dataPlane), ...releases.handlers };
  const services: HttpServices = {
    access,
    audit: auditServices(platform),
    metrics: metrics.serviceOf(metricsSource(platform, sources)),
    status: {
      describe: () => describeDaemon(platform, facts),
      listControlPlanes: () => describeControlPlanes(platform, facts),
    },
    query,
    records,
    state: stateServices(platform, records),
    tunnel: tunnelService(platform),
    rowSecurity: rowSecurityServices(platform, query),
    insights: insights.service,
    inspect: inspectServices(platform, () => insights.settled()),
    instances: instanceServices(platform, share?.ways),
    gateways: gatewaysOf(platform, { dataPlane, facts, insights, orders: share?.orders }),
    accounts: accountServices(platform),
    console: consoleServices(platform, access),
    databases: databaseServices(platform),
    tokens: tokenServices(platform, dataPlane),
    scaling: scaleServices(platform),
    upgrades: upgradeServices(platform),
    credentials: credentialServices(platform, dataPlane, releases.following),
    branches: branchServices(platform),
    browse: browseServices(platform, query, records),
    pauses: pauseServices(platform, dataPlane, idleWatch),
    clientAccess: clientAccessServices(platform, dataPlane.closeClients),
    migrations: migrationServices(platform),
    reset: resetServices(platform),
    backups: backupServices(platform),
    backupPolicies: backupPolicyServices(platform),
    pointInTime: pointInTimeServices(platform),
    operations: operationServices(platform, handlers),
    projects: projectServices(platform, dataPlane, environmentLock),
    releases: releases.service,
  };
  return { services, query, records, dataPlane, idleWatch, insights, releases, handlers };
}

const accountServices = (platform: Platform): HttpServices["accounts"] => ({
  register: (principal, input) => registerAccount(platform, principal, input),
  logIn: (input) => logIn(platform, input),
  logOut: (principal) => logOut(platform, principal),
  describe: (principal) => whoAmI(platform, principal),
});

function gatewaysOf(
  platform: Platform,
  {
    dataPlane,
    facts,
    insights,
    orders,
  }: Pick<Composition, "dataPlane" | "insights"> & { facts: DaemonFacts; orders: CopyOrders | undefined },
): HttpServices["gateways"] {
  const hub = new GatewayHub();
  dataPlane.follow(({ what, databaseId }) => hub.order(what, databaseId));
  return gatewayServices(platform, {
    hub,
    questions: gatewayQuestions(platform, dataPlane.questions),
    version: facts.version,
    orders,
    noteStatements: (bundle) => insights.book.take(bundle),
  });
}
