/** Runs once before the suite: the toolchain that every test uses is there before the first file starts. */
import { readConfig } from "../../src/base/config.ts";
import { ensureToolchain } from "../../src/runtime/ensure-toolchain.ts";

export default async function setup(): Promise<void> {
  await ensureToolchain(readConfig(), (event) => {
    if (event.type === "phase") console.log(`toolchain: ${event.message}`);
  });
}
