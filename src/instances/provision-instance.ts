/** In charge of servers of their own: one Postgres for one database. */

import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatabaseClass } from "@postern/sdk/protocol";
import { hasCode } from "../base/error.ts";
import type { InstanceId } from "../base/id.ts";
import { portTakenError } from "../runtime/port-taken.ts";
import { abandonArchive } from "../state/archives.ts";
import {
  deleteInstanceRow,
  findInstance,
  type InstanceRow,
  insertInstance,
  updateInstance,
} from "../state/instances.ts";
import { canListen } from "./free-port.ts";
import { keepServer } from "./keep-server.ts";
import type { Platform } from "./platform.ts";
import { nextPort, takenPorts } from "./reserve-ports.ts";
import { ensureGate, serverDoor } from "./server-door.ts";
import { serverLayout } from "./server-layout.ts";
import { serverSpec } from "./server-spec.ts";

export interface ProvisionOptions {
  /** It will sleep when it is not in use: the gate stands before it from the beginning. */
  sleeps?: boolean;
  /** Major of its Postgres; the usual one if not given. */
  major?: string;
  /** It gets a machine of its own. */
  inGuest?: boolean;
}

/** Makes and starts the server of this id; repeatable. */
export async function provisionInstance(
  platform: Platform,
  id: InstanceId,
  databaseClass: DatabaseClass = "db.p2",
  options: ProvisionOptions = {},
): Promise<InstanceRow> {
  const reserved = await ensureReserved(platform, id, databaseClass, options);
  const spec = serverSpec(platform.config.home, id, reserved.tcp_port, reserved.class);
  const { major, inGuest = false } = options;
  await platform.runtime.create({ ...spec, inGuest, ...(major !== undefined && { major }) });
  await keepServer(platform, spec);
  const row = await openDoor(platform, id);
  const version = await platform.runtime.versionOf(spec);
  await updateInstance(platform.state, id, { status: "running", version });
  platform.warmPool
    .refill(major)
    .catch((error: unknown) => platform.observe({ type: "fault", where: "warm pool", error }));
  return { ...row, status: "running", version };
}

/** Where the gate stands before it; where nobody knows its port yet, that may be another than the reserved one. */
async function openDoor(platform: Platform, id: InstanceId): Promise<InstanceRow> {
  for (;;) {
    // The server itself may have moved.
    const row = (await findInstance(platform.state, id))!;
    const { front_port: port } = row;
    if (port === null) return row;
    await ensureGate(platform);
    const isNew = row.status === "creating" && !platform.gate.door(id);
    try {
      if (isNew && !(await canListen(port, platform.config.listen))) throw await portTakenError(id, port);
      await platform.gate.serve(serverDoor(platform, row, false));
      return row;
    } catch (error) {
      if (!isNew || !hasCode(error, "Y4014")) throw error;
      const front_port = await nextPort(platform, await takenPorts(platform));
      // Another that is made at this moment may have taken it: then the next one.
      await updateInstance(platform.state, id, { front_port }).catch((failure: unknown) => {
        if (!hasCode(failure, "23505")) throw failure;
      });
    }
  }
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
  await keepServer(platform, { ...spec, settings, closed: true });
}

/** The instance's row, and with it its port; repeatable. */
export async function ensureReserved(
  platform: Platform,
  id: InstanceId,
  databaseClass: DatabaseClass = "db.p2",
  options: ProvisionOptions = {},
): Promise<InstanceRow> {
  return (await findInstance(platform.state, id)) ?? reserveInstance(platform, id, databaseClass, options);
}

/** Stops the server and deletes its files and its archive, also while it sleeps; repeatable. */
export function removeInstance(platform: Platform, id: InstanceId): Promise<void> {
  return platform.instanceLock.run(id, () => remove(platform, id));
}

async function remove(platform: Platform, id: InstanceId): Promise<void> {
  const row = await findInstance(platform.state, id);
  if (!row) return;
  await updateInstance(platform.state, id, { status: "removing" });
  const spec = serverSpec(platform.config.home, id, row.tcp_port);
  platform.supervisor.release(spec.name);
  // A gate that is being started again is not told of this door any more.
  await platform.gate.drop(id).catch(() => {});
  await platform.runtime.remove(spec);
  await rm(dirname(serverLayout(platform.config.home, id).archiveSettingsFile), {
    recursive: true,
    force: true,
  });
  await rm(join(platform.config.pointInTime.directory, id), { recursive: true, force: true });
  await abandonArchive(platform.state, id);
  await deleteInstanceRow(platform.state, id);
}

/** The port is reserved by the row: two instances that are made at once get different ones. */
async function reserveInstance(
  platform: Platform,
  id: InstanceId,
  databaseClass: DatabaseClass,
  { sleeps = false, major = platform.majors.usual, inGuest = false }: ProvisionOptions,
): Promise<InstanceRow> {
  for (;;) {
    const taken = await takenPorts(platform);
    const front = await nextPort(platform, taken);
    const inner = sleeps ? await nextPort(platform, taken.add(front)) : front;
    try {
      return await insertInstance(platform.state, {
        id,
        kind: inGuest ? "microvm" : "process",
        status: "creating",
        tcp_port: inner,
        front_port: sleeps ? front : null,
        class: databaseClass,
        version: (await platform.majors.get(major)).postgresVersion,
      });
    } catch (error) {
      if (!hasCode(error, "23505")) throw error;
    }
  }
}
