/**
 * In charge of a server leaving the gate: Postgres has its port itself again. Work that gives one server's port to another
 * needs no more than one port to move then. At its next sleep the server goes behind the gate again.
 */
import type { InstanceId } from "../base/id.ts";
import { findInstance, type InstanceRow, updateInstance } from "../state/instances.ts";
import { keepServer } from "./keep-server.ts";
import type { Platform } from "./platform.ts";
import { serverDoor } from "./server-door.ts";
import { serverSpec } from "./server-spec.ts";
import { wakeInstance } from "./sleeping-instance.ts";

/** Restarts the server if it was behind the gate, and wakes it; repeatable. */
export async function leaveGate(platform: Platform, id: InstanceId): Promise<void> {
  await wakeInstance(platform, id);
  await platform.instanceLock.run(id, async () => {
    const instance = await findInstance(platform.state, id);
    if (instance && instance.front_port !== null) await restart(platform, instance, instance.front_port);
  });
}

async function restart(platform: Platform, instance: InstanceRow, port: number): Promise<void> {
  const { gate, supervisor, runtime, config, state } = platform;
  const { id, tcp_port: inner, class: databaseClass } = instance;
  supervisor.release(id);
  try {
    await runtime.stop(serverSpec(config.home, id, inner, databaseClass));
    await gate.drop(id);
    await updateInstance(state, id, { tcp_port: port, front_port: null });
  } catch (error) {
    await gate.serve(serverDoor(platform, instance, false)).catch(() => {});
    await keepServer(platform, serverSpec(config.home, id, inner, databaseClass), { evenIfItFails: true });
    throw error;
  }
  await keepServer(platform, serverSpec(config.home, id, port, databaseClass));
}
