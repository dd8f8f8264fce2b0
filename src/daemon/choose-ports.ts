/** In charge of the ports that the servers listen on: the configured ones, and for 0 free ones that stay the same. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../base/config.ts";
import { describePortHolder } from "../base/port-holder.ts";
import { isFreeWithin, lastingPort } from "../instances/free-port.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { findPostmaster } from "../runtime/find-postmaster.ts";
import { findServerPid } from "../runtime/live-process.ts";

type Ports = Platform["ports"];

/** What a daemon that was just killed still holds is free again by then. */
const patienceMs = 3_000;

const uses: Record<keyof Ports, string> = {
  http: "the API",
  pool: "pooled connections",
  direct: "direct connections",
};

/**
 * A port that was chosen once is kept in the home: URLs that people saved stay true over a restart. Only where another
 * program has it by now, there is another, and that is said.
 */
export async function choosePorts(config: Config, report: (message: string) => void): Promise<Ports> {
  const file = join(config.home, "ports.json");
  const saved = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Partial<Ports>;
  const chosen = new Set<number>();
  const another = async () => {
    const port = await lastingPort(config.listen, chosen);
    chosen.add(port);
    return port;
  };
  const choose = async (use: keyof Ports, configured: number): Promise<number> => {
    if (configured !== 0) return configured;
    const before = saved[use];
    if (before === undefined) return another();
    if (await isOurs(config.home, use)) return before;
    if (await isFreeWithin(before, config.listen, patienceMs)) return before;
    const [port, who] = await Promise.all([another(), describePortHolder(before)]);
    report(`Port ${before}, for ${uses[use]}, is taken by ${who}: it is ${port} from now on`);
    return port;
  };
  const ports = {
    http: await choose("http", config.httpPort),
    pool: await choose("pool", config.poolPort),
    direct: await choose("direct", config.directPort),
  };
  await writeFile(`${file}.new`, `${JSON.stringify(ports, null, 2)}\n`);
  await rename(`${file}.new`, file);
  return ports;
}

/** Held by what outlived an earlier daemon, and is taken over by this one. */
async function isOurs(home: string, use: keyof Ports): Promise<boolean> {
  if (use === "http") return false;
  const pid =
    use === "direct"
      ? await findPostmaster(serverLayout(home, "shared").dataDirectory)
      : await findServerPid(join(home, "pgbouncer", "pgbouncer.pid"), join(home, "pgbouncer"));
  return pid !== null;
}
