/** In charge of choosing what works in the background: all of it in a daemon that is alone, the leader's part only where it leads. */
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { BackupScheduler } from "../maintenance/backup-scheduler.ts";
import { BackupWatch } from "../maintenance/backup-watch.ts";
import { GuestWatch } from "../maintenance/guest-watch.ts";
import { InstanceWatch } from "../maintenance/instance-watch.ts";
import { createTasks, MaintenanceTimer } from "../maintenance/maintenance-timer.ts";
import { OperationWorker, type QueueShare } from "../maintenance/operation-worker.ts";
import { SleepAgain } from "../maintenance/sleep-again.ts";
import type { Composition } from "./http-services.ts";
import { samplingTasks } from "./inspect-services.ts";
import { stateConnection } from "./own-tables.ts";
import { type ControlShare, queueShareOf, whileHeld } from "./share-control.ts";
import type { Servers } from "./start-servers.ts";

/** Of each daemon's own files. */
const ownTask = "trim logs";

/** In the order in which they start. */
export function backgroundServices(
  platform: Platform,
  { pooler }: Servers,
  parts: Composition,
  share: ControlShare | undefined,
): Service[] {
  const { handlers, dataPlane, insights, releases, idleWatch } = parts;
  const sleepAgain = new SleepAgain(platform, dataPlane);
  const workerOf = (place: Platform, queue?: QueueShare) =>
    new OperationWorker(place, handlers, stateConnection(platform.config), sleepAgain, queue);
  const tasks = [...createTasks(), ...insights.tasks, ...samplingTasks(platform, () => pooler.readPools())];
  const watches = (place: Platform) => [
    new BackupScheduler(place),
    new BackupWatch(place),
    new InstanceWatch(place),
  ];
  if (!share) {
    const timer = new MaintenanceTimer(platform, tasks);
    // What is told while others stop is written down. What serves is taken over before work on it is.
    return [
      insights.book,
      releases.keeper,
      workerOf(platform),
      releases.follower,
      timer,
      ...watches(platform),
      idleWatch,
      new GuestWatch(platform),
    ];
  }
  const { membership, ways } = share;
  membership.duringPlace((signal, id) => [
    workerOf(whileHeld(platform, signal, id), queueShareOf(platform, share)),
  ]);
  membership.whileLeading((signal) => {
    const place = whileHeld(platform, signal);
    const others = tasks.filter(({ name }) => name !== ownTask);
    return [new MaintenanceTimer(place, others), ...watches(place)];
  });
  const own = tasks.filter(({ name }) => name === ownTask);
  return [insights.book, new MaintenanceTimer(platform, own), ways, membership];
}
