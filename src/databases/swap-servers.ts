/**
 * In charge of two databases with servers of their own changing servers: ports go with the databases, so that URLs stay,
 * and archives with the servers. Everything is set to what was planned, so it can be repeated, or set back.
 */
import type { InstanceId } from "../base/id.ts";
import { leaveGate } from "../instances/leave-gate.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { type DatabaseRow, updateDatabase } from "../state/databases.ts";
import { findInstance, updateInstance } from "../state/instances.ts";
import { takeOver } from "./restore-own-server.ts";
import type { SwapPair } from "./swap-tenants.ts";

interface Seat {
  instance: InstanceId;
  port: number;
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
  return {
    kept: { instance: ofPromoted!.id as InstanceId, port: ofKept!.tcp_port },
    promoted: { instance: ofKept!.id as InstanceId, port: ofPromoted!.tcp_port },
  };
}

export async function swapServers(platform: Platform, swap: ServerSwap, pair: SwapPair): Promise<void> {
  const { home } = platform.config;
  const seats: [DatabaseRow, Seat][] = [
    [pair.kept, swap.kept],
    [pair.promoted, swap.promoted],
  ];
  await Promise.all(
    seats.map(async ([, { instance }]) => {
      platform.supervisor.release(instance);
      await platform.runtime.stop(serverSpec(home, instance, null));
    }),
  );
  await platform.state.transaction(async (tx) => {
    // A port is given once only, also for a moment.
    for (const [, seat] of seats) await updateInstance(tx, seat.instance, { tcp_port: -seat.port });
    for (const [row, seat] of seats) {
      await updateInstance(tx, seat.instance, { tcp_port: seat.port });
      await updateDatabase(tx, row.id, { instance_id: seat.instance });
    }
  });
  await Promise.all(
    seats.map(async ([row, { instance, port }]) => {
      const { class: instanceClass } = (await findInstance(platform.state, instance))!;
      await platform.supervisor.keepRunning(serverSpec(home, instance, port, instanceClass));
      await takeOver(platform, instance, row);
      const { socketDirectory } = serverLayout(home, instance);
      await platform.pooler.route({ database: row.database_name, socketDirectory });
    }),
  );
}
