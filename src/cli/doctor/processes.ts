/** In charge of the processes of this machine, as /proc tells of them. */
import { readdir, readFile } from "node:fs/promises";

export interface ProcessInfo {
  pid: number;
  command: string;
}

/** Those of a home: its servers, its pooler, and what stands beside them. */
export async function findProcessesOfHome(home: string): Promise<ProcessInfo[]> {
  const found = await Promise.all(
    (await pids()).map(async (pid) => ({ pid, command: await commandOf(pid) })),
  );
  return found.filter(
    ({ pid, command }) =>
      pid !== process.pid &&
      command.includes(`${home}/`) &&
      /(^|\/)(postgres|pgbouncer)( |$)|postern-(gate|worker)/.test(command),
  );
}

const pids = async (): Promise<number[]> =>
  (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);

/** Empty for what is gone, and for zombies. */
const commandOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim();
