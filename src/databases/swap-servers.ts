/**
 * In charge of two databases with servers of their own changing servers: ports go with the databases, so that URLs stay,
 * and archives with the servers. Everything is set to what was planned, so it can be repeated, or set back.
 */
import type { InstanceId } from "../base/id.ts";
import { keepServer } from "../instances/keep-server.ts";
import { leaveGate } from "../instances/leave-gate.ts";
import type { Platform } from "../instances/platform.ts";
import { serverDoor } from "../instances/server-door.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { type DatabaseRow, updateDatabase } from "../state/databases.ts";
import { findInstance, type InstanceRow, updateInstance } from "../state/instances.ts";
import { takeOver } from "./restore-own-server.ts";
import type { SwapPair } from "./swap-tenants.ts";

interface Seat {
  instance: InstanceId;
  /** What the URL leads to, and the gate where one stands before the server. */
  place: Pick<InstanceRow, "tcp_port" | "front_port" | "class">;
}

/** Where each is to be. */
export interface ServerSwap {
  kept: Seat;
  promoted: Seat;
}

export async function planServers(platform: Platform, { kept, promoted }: SwapPair): Promise<ServerSwap> {
  for (const row of [kept, promoted]) await leaveGate(platform, row.instance_id as InstanceId);
  const [ofKept, ofPromoted] = await Promise.all(
    [kept, promoted].map((row) => findInstance(platform.state, row.instance_id!)),
  );
  const placeOf = (row: InstanceRow) => ({
    tcp_port: row.tcp_port,
    front_port: row.front_port,
    class: row.class,
  });
  return {
    kept: { instance: ofPromoted!.id as InstanceId, place: placeOf(ofKept!) },
    promoted: { instance: ofKept!.id as InstanceId, place: placeOf(ofPromoted!) },
  };
}

/** Neither is put to sleep meanwhile. */
export function swapServers(platform: Platform, swap: ServerSwap, pair: SwapPair): Promise<void> {
  const { instanceLock } = platform;
  const [first, second] = [swap.kept.instance, swap.promoted.instance].sort();
  return instanceLock.run(first!, () => instanceLock.run(second!, () => swapNow(platform, swap, pair)));
}

async function swapNow(platform: Platform, swap: ServerSwap, pair: SwapPair): Promise<void> {
  const { home } = platform.config;
  const seats: [DatabaseRow, Seat][] = [
    [pair.kept, swap.kept],
    [pair.promoted, swap.promoted],
  ];
  await Promise.all(
    seats.map(async ([, { instance }]) => {
      platform.supervisor.release(instance);
      await platform.gate.drop(instance);
      await platform.runtime.stop(serverSpec(home, instance, null));
    }),
  );
  await platform.state.transaction(async (tx) => {
    // A port is given once only, also for a moment.
    for (const [, { instance, place }] of seats)
      await updateInstance(tx, instance, { tcp_port: -place.tcp_port, front_port: null });
    for (const [row, { instance, place }] of seats) {
      await updateInstance(tx, instance, place);
      await updateDatabase(tx, row.id, { instance_id: instance });
    }
  });
  await Promise.all(seats.map(([row, { instance }]) => start(platform, row, instance)));
}

async function start(platform: Platform, row: DatabaseRow, id: InstanceId): Promise<void> {
  const { home } = platform.config;
  const instance = (await findInstance(platform.state, id))!;
  await keepServer(platform, serverSpec(home, id, instance.tcp_port, instance.class));
  if (instance.front_port !== null) await platform.gate.serve(serverDoor(platform, instance, false));
  await takeOver(platform, id, row);
  const { socketDirectory } = serverLayout(home, id);
  await platform.pooler.route({ database: row.database_name, socketDirectory });
}
