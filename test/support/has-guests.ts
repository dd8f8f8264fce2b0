/** In charge of telling whether tests may run machines of their own. */
import { readConfig } from "../../src/base/config.ts";
import { findQemu } from "../../src/runtime/microvm/find-qemu.ts";
import { findGuestImage } from "../../src/runtime/microvm/guest-image.ts";
import { postgresMajor } from "../../src/runtime/toolchain.ts";
import { testToolchain } from "./toolchain.ts";

/** `postern admin image build` has been run on this machine. */
export async function hasImage(): Promise<boolean> {
  const root = readConfig().toolchainDirectory;
  const image = findGuestImage(root, postgresMajor(await testToolchain()));
  const isThere = await image.then(
    () => true,
    () => false,
  );
  return isThere && (await findQemu(root)) !== undefined;
}

/** Booting emulated machines again and again takes minutes: when asked for. */
export const hasGuests = async (): Promise<boolean> =>
  process.env.POSTERN_TEST_GUESTS === "1" && (await hasImage());
