/**
 * In charge of the servers of single databases when the daemon starts: those that sleep go on sleeping, behind their
 * doors. What a daemon left half done when it died is seen here: a server that runs is awake, whatever was noted of it.
 */
import { inParallel } from "../base/in-parallel.ts";
import { keepServer } from "../instances/keep-server.ts";
import { ensureGate, serverDoor } from "../instances/server-door.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { doorSocket } from "../runtime/gate/gate-messages.ts";
import { pointSocket } from "../runtime/point-socket.ts";
import { type InstanceRow, listInstances, updateInstance } from "../state/instances.ts";
import { listSleepingInstances, saveAwake } from "../state/pauses.ts";
import type { State } from "../state/state.ts";
import type { Servers, ServersOptions } from "./start-servers.ts";

export async function startOwnInstances(
  options: ServersOptions,
  servers: Servers,
  state: State,
): Promise<void> {
  const { config } = options;
  const own = (await listInstances(state)).filter(
    (row) => (row.kind === "process" || row.kind === "microvm") && row.status === "running",
  );
  const asleep = await listSleepingInstances(state);
  const awake: InstanceRow[] = [];
  const specOf = (row: InstanceRow) => serverSpec(config.home, row.id, row.tcp_port, row.class);
  await inParallel(16, own, async (row) => {
    const sleeps = asleep.has(row.id) && (await servers.runtime.findPid(specOf(row))) === null;
    if (!sleeps) awake.push(row);
    if (sleeps || row.front_port !== null) servers.gate.note(serverDoor({ config }, row, sleeps));
  });
  // Its doors are open before anything leads to them.
  if (servers.gate.isNeeded || (await servers.gate.findPid()) !== null)
    await ensureGate(servers, { evenIfItFails: true });
  await inParallel(16, own, async (row) => {
    const { socketDirectory } = specOf(row);
    if (servers.gate.isHeld(row.id)) await pointSocket(socketDirectory, doorSocket);
  });
  await inParallel(4, awake, async (row) => {
    // One server that does not start is the trouble of one database; the supervisor goes on trying.
    await keepServer({ ...options, ...servers, state }, specOf(row), { evenIfItFails: true });
    await updateInstance(state, row.id, { version: await servers.runtime.versionOf(specOf(row)) });
    if (asleep.has(row.id)) await saveAwake(state, row.id);
  });
}
