/**
 * In charge of copying a guest's disk while the guest runs: QEMU writes down how it is at one moment, whatever is written
 * to it meanwhile. A Postgres that begins with the copy recovers as after a power cut.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { sleep } from "../../base/clock.ts";
import { posternError } from "../../base/error.ts";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import { requireQemu } from "./find-qemu.ts";
import { describeDisk, layDisk } from "./guest-disk.ts";
import { guestFiles, guestSockets } from "./guest-layout.ts";
import { finishGuest, isMade, prepareGuest, readText } from "./make-guest.ts";
import { QmpClient } from "./qmp-client.ts";

export interface CopyGuestOptions {
  /** QEMU is here. */
  root: string;
  account: ServerAccount;
  signal: AbortSignal;
  onBytes?: (done: number, total: number) => void;
}

/** There is one at a time for each guest; a daemon that died leaves its own behind. */
const job = "postern-copy";
const lookEveryMs = 50;
const cancelWithinMs = 30_000;

/** Repeatable: what is half made is made again. @throws Y8105 Y8107 */
export async function copyGuest(
  from: ServerSpec,
  to: ServerSpec,
  { root, account, signal, onBytes }: CopyGuestOptions,
): Promise<void> {
  const monitor = await QmpClient.open(guestSockets(from).monitor);
  try {
    // What a daemon before this one began goes on by itself, and writes to a file that is about to be made anew.
    await cancelCopy(monitor);
    if (await isMade(to)) return;
    const qemu = await requireQemu(root);
    const disk = await describeDisk(qemu, guestFiles(from).disk, account);
    await prepareGuest(to, account);
    const target = guestFiles(to).disk;
    await layDisk(target, disk.base, { qemu, account, sizeBytes: disk.sizeBytes });
    await writeCopy(monitor, target, { signal, onBytes });
    await finishGuest(to, (await readText(join(from.dataDirectory, "PG_VERSION")))!.trim(), account);
  } finally {
    monitor.close();
  }
}

/** What a guest's disk takes of this machine's, beyond what all share. */
export const takenByDisk = async (place: Pick<ServerSpec, "dataDirectory">): Promise<number> =>
  (await stat(guestFiles(place).disk)).blocks * 512;

async function writeCopy(
  monitor: QmpClient,
  target: string,
  { signal, onBytes }: Pick<CopyGuestOptions, "signal" | "onBytes">,
): Promise<void> {
  let end: { name: string; error?: unknown } | undefined;
  monitor.on("event", (name, data) => {
    if (/^BLOCK_JOB_(COMPLETED|CANCELLED)$/.test(name) && data.device === job)
      end = { name, error: data.error };
  });
  // Only the layer itself: what lies below is the same for both.
  const what = { device: "data", sync: "top", target, mode: "existing", format: "qcow2" };
  await monitor.run("drive-backup", { ...what, "job-id": job });
  while (end === undefined) {
    if (signal.aborted) {
      await cancelCopy(monitor);
      signal.throwIfAborted();
    }
    const running = await findCopy(monitor);
    if (running) onBytes?.(running.offset, running.len);
    await sleep(lookEveryMs);
  }
  if (end.name === "BLOCK_JOB_COMPLETED" && end.error === undefined) return;
  throw posternError("Y8107", "The disk of the guest could not be copied.", {
    detail: String(end.error ?? "it was canceled"),
    hint: "Check that the disk of POSTERN_HOME has space left, then try again.",
  });
}

interface Job {
  device: string;
  offset: number;
  len: number;
}

const findCopy = async (monitor: QmpClient): Promise<Job | undefined> =>
  (await monitor.run<Job[]>("query-block-jobs")).find(({ device }) => device === job);

async function cancelCopy(monitor: QmpClient): Promise<void> {
  if (!(await findCopy(monitor))) return;
  // It may come to its end by itself in this moment.
  await monitor.run("block-job-cancel", { device: job, force: true }).catch(() => {});
  const deadline = performance.now() + cancelWithinMs;
  while (await findCopy(monitor)) {
    if (performance.now() > deadline)
      throw posternError("Y8105", "An earlier copy of the guest's disk does not end.");
    await sleep(lookEveryMs);
  }
}
