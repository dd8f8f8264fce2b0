/** In charge of stopping the servers that a crashed daemon left running, without starting anything. */

import type { Config } from "../base/config.ts";
import { findPrivateToolchain } from "../runtime/ensure-toolchain.ts";
import { ProcessRuntime } from "../runtime/process-runtime.ts";
import { ensureServerAccount } from "../runtime/server-account.ts";
import { findSystemToolchain } from "../runtime/system-toolchain.ts";
import { lockHome } from "./home.ts";
import { composePooler, stopServers } from "./start-servers.ts";

/** @throws Y0007 while a daemon runs: stopping is its own affair. */
export async function sweepServers(config: Config): Promise<void> {
  const toolchain = (await findPrivateToolchain(config.toolchainDirectory)) ?? (await findSystemToolchain());
  // Without a toolchain nothing of ours can be running.
  if (!toolchain) return;
  const account = await ensureServerAccount();
  const unlock = await lockHome(config.home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!unlock) return;
  try {
    const unused = {
      claim: () => Promise.reject(new Error("nothing is made while sweeping")),
      refill: async () => {},
    };
    // Nothing is started, so it does not matter what it would listen on.
    const exposure = { listen: config.listen, tlsFile: null, insecure: false };
    const runtime = new ProcessRuntime({ toolchain, account, exposure, warmPool: unused });
    await stopServers(
      config.home,
      runtime,
      composePooler({ config, toolchain, account, poolAdminPassword: "", tlsFile: null }, config.poolPort),
    );
  } finally {
    await unlock();
  }
}
