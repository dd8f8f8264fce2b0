/**
 * In charge of what a daemon does differently beside others over the same tables: it has a place among them, tells and hears
 * what changes, and does alone what one has to do for all.
 */

import { CopyOrders } from "../copies/copy-orders.ts";
import { WaysFollower } from "../copies/follow-ways.ts";
import { Membership } from "../copies/membership.ts";
import type { SharedGate } from "../copies/shared-gate.ts";
import type { SharedLock } from "../copies/shared-lock.ts";
import { SharedOperationEvents } from "../copies/shared-operation-events.ts";
import { sharePooler } from "../copies/shared-pooler.ts";
import type { Platform } from "../instances/platform.ts";
import type { QueueShare } from "../maintenance/operation-worker.ts";
import { listWorkersOfOthers, noteWorkers } from "../state/control-planes.ts";
import { apiUrl, type DaemonFacts } from "./describe-daemon.ts";
import { stateConnection } from "./own-tables.ts";
import type { Servers } from "./start-servers.ts";

export interface ControlShare {
  membership: Membership;
  orders: CopyOrders;
  ways: WaysFollower;
}

/** The platform of a daemon that is one of several; what it tells it tells the others. */
export function shareControl(
  platform: Platform,
  servers: Servers,
  facts: DaemonFacts,
): { platform: Platform; share: ControlShare } {
  const { config, state, observe } = platform;
  const connection = stateConnection(config);
  const membership = new Membership({
    state,
    connection,
    facts: { name: config.sharedState!.name, version: facts.version, address: apiUrl(platform) },
    observe,
  });
  const orders = new CopyOrders(membership, state, observe);
  const gate = servers.gate as SharedGate;
  facts.control = membership;
  gate.share(orders);
  (servers.instanceLock as SharedLock).share(connection);
  const ways = new WaysFollower(platform, { gate, pooler: servers.pooler, orders });
  membership.listen(
    (payload) => orders.hear(payload),
    () => {
      ways.look().catch((error: unknown) => observe({ type: "fault", where: ways.name, error }));
    },
  );
  return {
    platform: {
      ...platform,
      pooler: sharePooler(servers.pooler, orders, config.home),
      operationEvents: new SharedOperationEvents(orders),
    },
    share: { membership, orders, ways },
  };
}

/** As long as it has its place: what it does then ends with it. */
export const whileHeld = (platform: Platform, signal: AbortSignal, runner?: string): Platform => ({
  ...platform,
  stopping: AbortSignal.any([platform.stopping, signal]),
  ...(runner === undefined ? {} : { runner }),
});

export function queueShareOf({ state }: Platform, { membership }: ControlShare): QueueShare {
  const { id } = membership;
  return {
    noteWorkers: (names) => noteWorkers(state, id, names),
    listWorkersOfOthers: () => listWorkersOfOthers(state, id),
  };
}
