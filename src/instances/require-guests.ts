/** In charge of whether a database can have a machine of its own here; asked before anything is made. */
import { posternError } from "../base/error.ts";
import { requireQemu } from "../runtime/microvm/find-qemu.ts";
import { findGuestImage } from "../runtime/microvm/guest-image.ts";
import type { Platform } from "./platform.ts";

/** Before it no rule can say that whoever shows a certificate may be any role. */
const oldestMajor = 16;

/** @throws Y8100 Y8103 Y8106 */
export async function requireGuests({ config }: Pick<Platform, "config">, major: string): Promise<void> {
  if (Number(major) < oldestMajor)
    throw posternError("Y8106", `Postgres ${major} does not run in a machine of its own here.`, {
      hint: `Take Postgres ${oldestMajor} or newer, or \`--isolation process\`.`,
    });
  await findGuestImage(config.toolchainDirectory, major);
  await requireQemu(config.toolchainDirectory);
}
