/** In charge of servers of their own: one Postgres for one database. */

import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatabaseClass } from "@postern/sdk/protocol";
import { hasCode } from "../base/error.ts";
import type { InstanceId } from "../base/id.ts";
import {
  deleteInstanceRow,
  findInstance,
  type InstanceRow,
  insertInstance,
  listInstances,
  updateInstance,
} from "../state/instances.ts";
import { freePort } from "./free-port.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";
import { serverSpec } from "./server-spec.ts";

/** Own instances count up from the shared one's port, leaving some for other uses. */
const firstPortOffset = 10;

/** Makes and starts the server of this id; repeatable. */
export async function provisionInstance(
  platform: Platform,
  id: InstanceId,
  databaseClass: DatabaseClass = "db.p2",
): Promise<InstanceRow> {
  const row = await ensureReserved(platform, id, databaseClass);
  const spec = serverSpec(platform.config.home, id, row.tcp_port, row.class);
  await platform.runtime.create(spec);
  await platform.supervisor.keepRunning(spec);
  await updateInstance(platform.state, id, { status: "running" });
  platform.warmPool
    .refill()
    .catch((error: unknown) => platform.observe({ type: "fault", where: "warm pool", error }));
  return { ...row, status: "running" };
}

/**
 * Starts the copy of another server, so that Postern alone can reach it; it is known as running only once it is
 * provisioned. Repeatable.
 */
export async function startClone(
  platform: Platform,
  id: InstanceId,
  databaseClass: DatabaseClass = "db.p2",
): Promise<void> {
  const { tcp_port, class: instanceClass } = await ensureReserved(platform, id, databaseClass);
  const spec = serverSpec(platform.config.home, id, tcp_port, instanceClass);
  // The copy was synced as a whole; file by file would take longer than the copying.
  const settings = { ...spec.settings, recovery_init_sync_method: "syncfs" };
  await platform.supervisor.keepRunning({ ...spec, settings, closed: true });
}

/** The instance's row, and with it its port; repeatable. */
export async function ensureReserved(
  platform: Platform,
  id: InstanceId,
  databaseClass: DatabaseClass = "db.p2",
): Promise<InstanceRow> {
  return (await findInstance(platform.state, id)) ?? reserveInstance(platform, id, databaseClass);
}

/** Stops the server and deletes its files and its archive; repeatable. */
export async function removeInstance(platform: Platform, id: InstanceId): Promise<void> {
  const row = await findInstance(platform.state, id);
  if (!row) return;
  await updateInstance(platform.state, id, { status: "removing" });
  const spec = serverSpec(platform.config.home, id, row.tcp_port);
  platform.supervisor.release(spec.name);
  await platform.runtime.remove(spec);
  await rm(dirname(serverLayout(platform.config.home, id).archiveSettingsFile), {
    recursive: true,
    force: true,
  });
  await rm(join(platform.config.pointInTime.directory, id), { recursive: true, force: true });
  await deleteInstanceRow(platform.state, id);
}

/** The port is reserved by the row: two instances that are made at once get different ones. */
async function reserveInstance(
  platform: Platform,
  id: InstanceId,
  databaseClass: DatabaseClass,
): Promise<InstanceRow> {
  for (;;) {
    const taken = new Set((await listInstances(platform.state)).map((instance) => instance.tcp_port));
    const port = await freePort(platform.ports.direct + firstPortOffset, taken, platform.config.listen);
    try {
      return await insertInstance(platform.state, {
        id,
        kind: "process",
        status: "creating",
        tcp_port: port,
        class: databaseClass,
        version: platform.toolchain.postgresVersion,
      });
    } catch (error) {
      if (!hasCode(error, "23505")) throw error;
    }
  }
}
