/** In charge of runtimes as the daemon composes them, without a daemon: for tests of what runs servers. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../src/base/config.ts";
import { prepareHome } from "../../src/daemon/home.ts";
import { composeServers, type Servers, stopServers } from "../../src/daemon/start-servers.ts";
import { lastingPort } from "../../src/instances/free-port.ts";
import { serverSpec } from "../../src/instances/server-spec.ts";
import { ensureServerAccount } from "../../src/runtime/server-account.ts";
import type { RuntimeFixture } from "../conformance/server-runtime.ts";
import { testToolchain } from "./toolchain.ts";

const gateProgram = fileURLToPath(new URL("../../dist/bin/postern-gate.js", import.meta.url));

export async function composeRuntime({ inGuest }: { inGuest: boolean }): Promise<RuntimeFixture> {
  const root = await mkdtemp(join(tmpdir(), "prt-"));
  // The servers' unprivileged user must be able to pass.
  await chmod(root, 0o711);
  const home = join(root, "home");
  const account = await ensureServerAccount();
  await prepareHome(home, account);
  const config = readConfig({
    POSTERN_HOME: home,
    POSTERN_EPHEMERAL: "1",
    POSTERN_TOOLCHAIN_DIR: readConfig().toolchainDirectory,
  });
  const compose = async (): Promise<Servers> =>
    composeServers({
      config,
      ports: { http: 0, pool: 0, direct: 0 },
      account,
      toolchain: await testToolchain(),
      observe: () => {},
      poolAdminPassword: "",
      tlsFile: null,
      report: () => {},
      gateProgram,
    });
  const servers = await compose();
  const successor = await compose();
  const freePort = () => lastingPort(config.listen);
  return {
    runtime: servers.runtime,
    // A machine hears one line at a time: what becomes of it when a daemon is killed is a matter of the whole.
    ...(!inGuest && { successor: successor.runtime }),
    freePort,
    specOf: async (name) => ({ ...serverSpec(home, name, await freePort(), "db.p1"), inGuest }),
    async close() {
      for (const each of [servers, successor]) await each.supervisor.stop();
      await stopServers(home, servers.runtime, servers.pooler);
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
