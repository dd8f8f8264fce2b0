/**
 * In charge of what every home of a run begins with: the servers' template and Postern's own tables, made once for the
 * run and copied, because making them takes longer than everything else that a start does.
 */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readConfig } from "../../src/base/config.ts";
import { prepareHome } from "../../src/daemon/home.ts";
import { openState } from "../../src/daemon/own-tables.ts";
import { composeServers, startSystemServer, stopServers } from "../../src/daemon/start-servers.ts";
import { ensureServerAccount } from "../../src/runtime/server-account.ts";
import { makeOnce } from "./make-once.ts";
import { testToolchain } from "./toolchain.ts";

const execute = promisify(execFile);

/** What tests do not look at would only slow them down: the disk is not waited for, nothing is made ahead or archived. */
export const fastSettings = {
  POSTERN_EPHEMERAL: "1",
  POSTERN_PITR: "off",
};

/** Lays the servers into a home that does not exist yet; without a global set-up the home's first start makes them. */
export async function copyPreparedHome(home: string): Promise<void> {
  const prepared = await makeOnce("home", makeServers);
  if (prepared === undefined) return;
  await prepareHome(home, await ensureServerAccount());
  const [from, to] = [join(prepared, "instances"), join(home, "instances")];
  // Nobody writes to a template, so it need not be copied, unless it is for another disk.
  const link = (await isOnOneDisk(from, to)) ? "--link" : "--reflink=auto";
  await execute("sh", ["-c", 'cp -a "$3" "$1"/.template-* "$2"', "sh", from, to, link]);
  await execute("cp", ["-a", "--reflink=auto", join(from, "system"), to]);
}

async function isOnOneDisk(one: string, other: string): Promise<boolean> {
  return (await stat(one)).dev === (await stat(other)).dev;
}

async function makeServers(home: string): Promise<void> {
  const config = readConfig({
    ...fastSettings,
    POSTERN_HOME: home,
    POSTERN_TOOLCHAIN_DIR: readConfig().toolchainDirectory,
  });
  const account = await ensureServerAccount();
  await prepareHome(home, account);
  const servers = await composeServers({
    config,
    ports: { http: 0, pool: 0, direct: 0 },
    account,
    toolchain: await testToolchain(),
    observe: () => {},
    poolAdminPassword: "",
    tlsFile: null,
    report: () => {},
  });
  try {
    await startSystemServer(config, servers);
    const state = await openState(config);
    await state.close();
  } finally {
    await servers.supervisor.stop();
    await stopServers(home, servers.runtime, servers.pooler);
  }
}
