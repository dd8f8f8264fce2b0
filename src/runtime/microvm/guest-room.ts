/** In charge of the disk of a guest being as large as it is to be: the file while the machine is off, what is on it afterwards. */
import { join } from "node:path";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import { requireQemu } from "./find-qemu.ts";
import type { GuestAgent } from "./guest-agent.ts";
import { growDisk } from "./guest-disk.ts";
import { guestFiles } from "./guest-layout.ts";
import { readText, writeOwned } from "./make-guest.ts";

/** A file system that is emulated and has millions of blocks to note. */
const growWithinMs = 120_000;

const noteOf = ({ dataDirectory }: ServerSpec): string => join(dataDirectory, "disk-gigabytes");

/** Asked for and not there yet. */
export async function isTooSmall(spec: ServerSpec): Promise<boolean> {
  const noted = Number((await readText(noteOf(spec))) ?? 0);
  return spec.diskGigabytes !== undefined && noted < spec.diskGigabytes;
}

/** Its machine is off, and has no memory that knows the disk. @throws Y8107 */
export async function growFile(
  spec: ServerSpec,
  { root, account }: { root: string; account: ServerAccount },
): Promise<void> {
  await growDisk(guestFiles(spec).disk, spec.diskGigabytes! * 1024 ** 3, await requireQemu(root), account);
}

/** While it is in use; what is large enough stays as it is. @throws Y8105 */
export async function growContent(
  spec: ServerSpec,
  agent: GuestAgent,
  account: ServerAccount,
): Promise<void> {
  await agent.orderWithin(growWithinMs, "grow");
  await writeOwned(noteOf(spec), `${spec.diskGigabytes}\n`, account);
}
