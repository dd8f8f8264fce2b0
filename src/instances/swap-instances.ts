/**
 * In charge of a database moving from its server to another one that has its data and its names already. The move is one
 * transaction in Postern's own tables, which gives the new server the old one's port too; everything before it can be
 * taken back, everything after it can be done again.
 */
import type { InstanceId } from "../base/id.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance, moveDatabase } from "../state/instances.ts";
import { leaveGate } from "./leave-gate.ts";
import type { Platform } from "./platform.ts";
import { provisionInstance } from "./provision-instance.ts";
import { serverLayout } from "./server-layout.ts";
import { serverSpec } from "./server-spec.ts";

type Placed = Pick<DatabaseRow, "id" | "database_name">;

/** Holds new clients, ends the sessions of the old server by stopping it, and moves the database. */
export async function swapInstances(
  platform: Platform,
  closeSessions: () => Promise<void>,
  row: Placed,
  from: InstanceId,
  to: InstanceId,
): Promise<void> {
  for (const id of [from, to]) await leaveGate(platform, id);
  await platform.pooler.pause(row.database_name);
  await closeSessions();
  await platform.instanceLock.run(from, async () => {
    const instance = await findInstance(platform.state, from);
    const spec = serverSpec(platform.config.home, from, instance!.tcp_port);
    platform.supervisor.release(spec.name);
    await platform.gate.drop(from).catch(() => {});
    await platform.runtime.stop(spec);
    await moveDatabase(platform.state, row.id, from, to);
  });
}

/** Starts the server, if it does not run as it should, and leads clients to it. Repeatable; also takes a swap back. */
export async function openInstance(platform: Platform, row: Placed, instance: InstanceId): Promise<void> {
  await provisionInstance(platform, instance);
  const { socketDirectory } = serverLayout(platform.config.home, instance);
  await platform.pooler.route({ database: row.database_name, socketDirectory });
  await platform.pooler.resume(row.database_name);
}
