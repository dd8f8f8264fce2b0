/** In charge of copying a server that runs in a machine of its own: its disk, as it is at one moment. */
import { mkdir } from "node:fs/promises";
import { requireDiskSpace } from "../base/disk-space.ts";
import type { InstanceId } from "../base/id.ts";
import { copyGuest, takenByDisk } from "../runtime/microvm/copy-guest.ts";
import { ownPath } from "../runtime/own-path.ts";
import type { CloneOptions } from "./clone-instance.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";
import { serverSpec } from "./server-spec.ts";
import { withAdmin } from "./with-admin.ts";

/** Repeatable. @throws Y4001 Y4051 Y8105 Y8107 */
export async function cloneGuest(
  { config, account }: Pick<Platform, "config" | "account">,
  source: string,
  target: InstanceId,
  options: CloneOptions,
): Promise<void> {
  const from = serverSpec(config.home, source, null);
  // Whoever sleeps is woken by it, and the copy has less to recover.
  await withAdmin({ config }, source, "postgres", (client) => client.query("checkpoint"));
  await requireDiskSpace({ config }, await takenByDisk(from), "A copy of the guest's disk");
  const { directory } = serverLayout(config.home, target);
  await mkdir(directory, { recursive: true, mode: 0o750 });
  await ownPath(directory, account);
  await copyGuest(from, serverSpec(config.home, target, null), {
    root: config.toolchainDirectory,
    account,
    ...options,
  });
}
