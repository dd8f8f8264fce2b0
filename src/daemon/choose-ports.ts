/** In charge of the ports that the servers listen on: the configured ones, and for 0 free ones that stay the same. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../base/config.ts";
import { anyFreePort } from "../instances/free-port.ts";
import type { Platform } from "../instances/platform.ts";

/** A port that was chosen once is kept in the home: URLs that people saved stay true over a restart. */
export async function choosePorts(config: Config): Promise<Platform["ports"]> {
  const file = join(config.home, "ports.json");
  const saved = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Partial<Platform["ports"]>;
  const ports = {
    http: config.httpPort || saved.http || (await anyFreePort(config.listen)),
    pool: config.poolPort || saved.pool || (await anyFreePort(config.listen)),
    direct: config.directPort || saved.direct || (await anyFreePort(config.listen)),
  };
  await writeFile(`${file}.new`, `${JSON.stringify(ports, null, 2)}\n`);
  await rename(`${file}.new`, file);
  return ports;
}
