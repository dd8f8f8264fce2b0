/** In charge of telling whether tests may run machines of their own. */
import { readConfig } from "../../src/base/config.ts";
import { findQemu } from "../../src/runtime/microvm/find-qemu.ts";
import { listGuestImages } from "../../src/runtime/microvm/guest-image.ts";

/** Booting emulated machines takes minutes: when asked for, and where `postern admin image build` has been run. */
export async function hasGuests(): Promise<boolean> {
  if (process.env.POSTERN_TEST_GUESTS !== "1") return false;
  const root = readConfig().toolchainDirectory;
  return (await listGuestImages(root)).length > 0 && (await findQemu(root)) !== undefined;
}
