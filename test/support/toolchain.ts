/** In charge of giving tests the toolchain that the global set-up has made sure of. */
import { readConfig } from "../../src/base/config.ts";
import { ensureToolchain } from "../../src/runtime/ensure-toolchain.ts";
import type { Toolchain } from "../../src/runtime/toolchain.ts";

let toolchain: Promise<Toolchain> | undefined;

export const testToolchain = (): Promise<Toolchain> => (toolchain ??= ensureToolchain(readConfig()));
