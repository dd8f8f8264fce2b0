/**
 * In charge of a server's sleep: what is stopped and started, in an order in which no client ever finds nobody. The door
 * is held before the server stops, and opened after it runs; whatever dies in between leaves a server that is either
 * awake or can be woken.
 */
import { sleep } from "../base/clock.ts";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import type { InstanceId } from "../base/id.ts";
import { type DoorPlan, doorSocket } from "../runtime/gate/gate-messages.ts";
import { ownSocket, pointSocket } from "../runtime/point-socket.ts";
import type { InstanceRow } from "../state/instances.ts";
import { saveAwake } from "../state/pauses.ts";
import { openLook } from "./awake-session.ts";
import { drainServer, type LeavingSessions } from "./drain-server.ts";
import { keepServer } from "./keep-server.ts";
import type { Platform } from "./platform.ts";
import { nextPort, takenPorts } from "./reserve-ports.ts";
import { ensureGate, serverDoor } from "./server-door.ts";
import { serverLayout } from "./server-layout.ts";
import type { ServerSession } from "./server-sessions.ts";
import { serverSpec } from "./server-spec.ts";

export interface SleepOptions {
  leaving: LeavingSessions;
  patienceMs: number;
  /** Writes down that it sleeps, and where it listens from now on. */
  save(instance: InstanceRow): Promise<void>;
}

/** How long clients come in again before the next attempt to hold the door. */
const breatheMs = 40;

/** Stops the server of an instance; resolves with those who use it when it stays up because of them. */
export async function putToSleep(
  platform: Platform,
  instance: InstanceRow,
  options: SleepOptions,
): Promise<ServerSession[]> {
  const deadline = performance.now() + options.patienceMs;
  for (;;) {
    const users = await tryToSleep(platform, instance, options);
    if (users !== "crowded") return users;
    if (performance.now() > deadline)
      throw posternError("Y4010", "The database is in use.", {
        detail: "Clients connect to it all the time.",
      });
    await sleep(breatheMs, platform.stopping);
  }
}

async function tryToSleep(
  platform: Platform,
  before: InstanceRow,
  options: SleepOptions,
): Promise<ServerSession[] | "crowded"> {
  const { gate, supervisor, runtime } = platform;
  const running = supervisor.list().find(({ name }) => name === before.id);
  if (running?.status !== "running" || running.pid === null)
    throw posternError("Y4001", "The database's server is not running.", {
      hint: "It is being started again; see `postern status`.",
    });
  await ensureGate(platform);
  const { socketDirectory } = serverLayout(platform.config.home, before.id);
  let isStopping = false;
  try {
    await gate.serve(serverDoor(platform, before, true));
    await pointSocket(socketDirectory, doorSocket);
    const users = await drain(platform, before, running.pid, options);
    if (users === "crowded" || users.length > 0) {
      await letThrough(platform, before);
      return users;
    }
    isStopping = true;
    supervisor.release(before.id);
    await runtime.suspend(serverSpec(platform.config.home, before.id, before.tcp_port, before.class));
    await noteAsleep(platform, before, options);
    return [];
  } catch (error) {
    await (isStopping ? stayAwake(platform, before) : letThrough(platform, before)).catch(
      (failure: unknown) => platform.observe({ type: "fault", where: `waking ${before.id}`, error: failure }),
    );
    throw error;
  }
}

/** The first time, Postgres gives its port to the gate, which can have it now that Postgres has stopped. */
async function noteAsleep(platform: Platform, before: InstanceRow, { save }: SleepOptions): Promise<void> {
  for (;;) {
    const after = before.front_port === null ? await behindGate(platform, before) : before;
    await platform.gate.serve(serverDoor(platform, after, true));
    try {
      return await save(after);
    } catch (error) {
      // Another that falls asleep at this moment has taken the free port that it was to have.
      if (before.front_port !== null || !hasCode(error, "23505")) throw error;
    }
  }
}

/** Its URL keeps the port that it has, and the server gets another. */
const behindGate = async (platform: Platform, row: InstanceRow): Promise<InstanceRow> => ({
  ...row,
  tcp_port: await nextPort(platform, await takenPorts(platform)),
  front_port: row.tcp_port,
});

/** Everyone who came meanwhile goes on as if nothing had been. */
async function letThrough(platform: Platform, instance: InstanceRow): Promise<void> {
  const { socketDirectory } = serverLayout(platform.config.home, instance.id);
  await pointSocket(socketDirectory, ownSocket(instance.tcp_port));
  await platform.gate.serve(serverDoor(platform, instance, false));
}

async function drain(
  platform: Platform,
  instance: InstanceRow,
  pid: number,
  { leaving, patienceMs }: SleepOptions,
): Promise<ServerSession[] | "crowded"> {
  const client = await openLook(platform, instance);
  if (!client) throw posternError("Y4001", "The database's server does not answer.");
  try {
    return await drainServer(client, { pid, leaving, patienceMs, signal: platform.stopping });
  } finally {
    await client.end().catch(() => {});
  }
}

/** It has stopped and cannot be noted as asleep: it goes on where it was. */
async function stayAwake(platform: Platform, before: InstanceRow): Promise<void> {
  await platform.gate.serve(serverDoor(platform, before, true)).catch(() => {});
  await start(platform, serverDoor(platform, before, false));
}

/** Wakes whatever somebody waits for, from now on. */
export function wakeOnDemand(platform: Platform): void {
  platform.gate.listen((name) => {
    // Whoever waits was told already, by the gate.
    wakeInstance(platform, name as InstanceId).catch((error: unknown) =>
      platform.observe({ type: "fault", where: `waking ${name}`, error }),
    );
  });
}

/** Starts the server of an instance that sleeps; nothing to do for one that does not. @throws Y4002 */
export function wakeInstance(platform: Platform, id: InstanceId): Promise<void> {
  return platform.instanceLock.run(id, async () => {
    const door = platform.gate.door(id);
    if (door?.held) await start(platform, { ...door, held: false });
  });
}

/** Postern's own tables are not asked on the way: clients wait. */
async function start(platform: Platform, door: DoorPlan): Promise<void> {
  const { gate, observe, config } = platform;
  const { name, upstream } = door;
  const tell = (where: string) => (error: unknown) => observe({ type: "fault", where, error });
  try {
    await keepServer(platform, serverSpec(config.home, name, upstream.port, door.class));
  } catch (error) {
    await gate.fail(name, messageOf(error)).catch(tell(`the gate of ${name}`));
    throw error;
  }
  // A gate that died is told when it is back, and a note that could not be made is made up for by the watch on idleness.
  await gate.serve({ ...(gate.door(name) ?? door), held: false }).catch(tell(`the gate of ${name}`));
  await saveAwake(platform.state, name).catch(tell(`noting that ${name} is awake`));
}
