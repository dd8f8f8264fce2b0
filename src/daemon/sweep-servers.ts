/** In charge of stopping the servers that a crashed daemon left running, without starting anything. */

import type { Config } from "../base/config.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { findPrivateToolchain } from "../runtime/ensure-toolchain.ts";
import { ProcessRuntime } from "../runtime/process-runtime.ts";
import { ensureServerAccount } from "../runtime/server-account.ts";
import { findSystemToolchain } from "../runtime/system-toolchain.ts";
import { lockHome } from "./home.ts";
import { composePooler, serverNames, stopServers } from "./start-servers.ts";

/** How many servers there were. @throws Y0007 while a daemon runs: stopping is its own affair. */
export async function sweepServers(config: Config): Promise<number> {
  const toolchain = (await findPrivateToolchain(config.toolchainDirectory)) ?? (await findSystemToolchain());
  // Without a toolchain nothing of ours can be running.
  if (!toolchain) return 0;
  const account = await ensureServerAccount();
  const unlock = await lockHome(config.home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!unlock) return 0;
  try {
    const unused = {
      claim: () => Promise.reject(new Error("nothing is made while sweeping")),
      refill: async () => {},
    };
    // Nothing is started, so it does not matter what it would listen on.
    const exposure = { listen: config.listen, tlsFile: null, insecure: false };
    const runtime = new ProcessRuntime({ toolchain, account, exposure, warmPool: unused });
    const left = await countRunning(config.home, runtime);
    await stopServers(
      config.home,
      runtime,
      composePooler({ config, toolchain, account, poolAdminPassword: "", tlsFile: null }, config.poolPort),
    );
    return left;
  } finally {
    await unlock();
  }
}

async function countRunning(home: string, runtime: ProcessRuntime): Promise<number> {
  let running = 0;
  for (const name of await serverNames(home))
    if ((await runtime.findPid(serverSpec(home, name, null))) !== null) running += 1;
  return running;
}
