/** In charge of what a machine has to offer: Node, room, limits, a resolver. */
import { lookup } from "node:dns/promises";
import { readFile, statfs } from "node:fs/promises";
import type { Config } from "../../base/config.ts";
import { readDiskSpace } from "../../base/disk-space.ts";
import { formatBytes } from "../format.ts";
import { type Check, Trouble } from "./check.ts";
import { existing } from "./home-checks.ts";

const fewestFiles = 4_096;
const leastSharedMemory = 64 * 1024 ** 2;

export const machineChecks = (config: Config, daemonPid: number | undefined): Check[] => [
  { name: "Node", look: inspectNode },
  {
    name: "free space",
    look: () => inspectSpace(config),
    hint: "Free some space, or move POSTERN_HOME.",
    command: `du -xh --max-depth=2 ${config.home}`,
  },
  { name: "open files", look: () => inspectFileLimit(daemonPid), command: "ulimit -n 65536" },
  { name: "shared memory", look: () => inspectSharedMemory("/dev/shm") },
  { name: "resolver", look: () => inspectResolver(config) },
];

function inspectNode(): string {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return process.version;
  throw new Trouble(`${process.version} is too old`, { hint: "Postern wants Node 20.19 or newer." });
}

async function inspectSpace({ home, diskReserveBytes }: Config): Promise<string> {
  const { freeBytes, reserveBytes } = await readDiskSpace(await existing(home), diskReserveBytes);
  const text = `${formatBytes(freeBytes)} free`;
  if (freeBytes >= reserveBytes) return text;
  throw new Trouble(`${text}, less than the reserve of ${formatBytes(reserveBytes)}: nothing new begins`);
}

/** The running daemon's, else of what would start one. */
async function inspectFileLimit(daemonPid: number | undefined): Promise<string> {
  const text = await readFile(`/proc/${daemonPid ?? "self"}/limits`, "utf8").catch(() => "");
  const most = /^Max open files\s+\S+\s+(\S+)/m.exec(text)?.[1];
  if (most === undefined || most === "unlimited" || Number(most) >= fewestFiles) return most ?? "unknown";
  throw new Trouble(`at most ${most} open files, and ${fewestFiles} are wanted`, {
    hint: "Raise the limit (LimitNOFILE= of a service, /etc/security/limits.conf), then `postern down` and `postern up`.",
  });
}

/** Postgres keeps what its parallel workers share there. */
export async function inspectSharedMemory(directory: string): Promise<string> {
  const { bavail, bsize, blocks } = await statfs(directory);
  const free = Number(bavail) * Number(bsize);
  const total = Number(blocks) * Number(bsize);
  if (free >= leastSharedMemory / 4 && total >= leastSharedMemory) return `${formatBytes(free)} free`;
  throw new Trouble(`${directory} has ${formatBytes(free)} of ${formatBytes(total)} free`, {
    hint: "Queries with parallel workers will fail; a container wants --shm-size=256m or more.",
    command: `mount -o remount,size=256m ${directory}`,
  });
}

async function inspectResolver({ domain }: Pick<Config, "domain">): Promise<string> {
  const name = `db-000000000000.${domain}`;
  try {
    const { address } = await lookup(name);
    return `*.${domain} is ${address}`;
  } catch {
    throw new Trouble(`*.${domain} is not known to this machine's resolver`, {
      warning: true,
      hint: "Browsers and the SDK do without; others can use /v1/db/<id>/… on the API's address.",
      command: domain === "localhost" ? "apt-get install libnss-myhostname" : `dig ${name}`,
    });
  }
}
