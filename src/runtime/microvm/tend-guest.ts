/** In charge of a guest's machine that runs: going on where it stopped for want of room, its clock, the room on its disk. */
import { sleep } from "../../base/clock.ts";
import { hasCode } from "../../base/error.ts";
import type { ServerSpec } from "../runtime.ts";
import type { GuestAgent } from "./guest-agent.ts";
import { guestSockets } from "./guest-layout.ts";
import { QmpClient } from "./qmp-client.ts";

/** Time for what waited to be written, or to fail again. */
const tryForMs = 200;
const leastFreeShare = 0.05;

/** Resolves with what is wrong. @throws Y8105 */
export async function tendGuest(
  spec: ServerSpec,
  openAgent: () => Promise<GuestAgent>,
  { clockMoved }: { clockMoved: boolean },
): Promise<string | undefined> {
  if (!(await goOnWriting(spec)))
    return "its machine has stopped: nothing can be written to the disk of POSTERN_HOME, which is full or broken; it goes on by itself when there is room";
  const agent = await openAgent();
  if (clockMoved) await agent.order("time", Math.round(Date.now() / 1_000));
  const { totalBytes, freeBytes } = await agent.room();
  if (freeBytes > totalBytes * leastFreeShare) return undefined;
  return `the disk of its machine is nearly full: ${inGigabytes(freeBytes)} of ${inGigabytes(totalBytes)} are free; \`postern db scale\` to a larger class gives it a larger one`;
}

/** False: QEMU stopped the machine rather than tell it of an error, and would do so again. */
async function goOnWriting(spec: ServerSpec): Promise<boolean> {
  let monitor: QmpClient;
  try {
    monitor = await QmpClient.open(guestSockets(spec).monitor);
  } catch (error) {
    // Somebody else talks to it, for example while its disk is copied.
    if (hasCode(error, "Y8105")) return true;
    throw error;
  }
  try {
    if (!(await isStopped(monitor))) return true;
    await monitor.run("cont");
    await sleep(tryForMs);
    return !(await isStopped(monitor));
  } finally {
    monitor.close();
  }
}

const isStopped = async (monitor: QmpClient): Promise<boolean> =>
  (await monitor.run<{ status: string }>("query-status")).status === "io-error";

const inGigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
