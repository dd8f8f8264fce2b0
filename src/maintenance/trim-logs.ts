/**
 * In charge of logs not filling the disk. The servers append to files that Postern opened for them, so a large file is
 * copied aside and emptied in place; one older copy is kept.
 */
import { copyFile, readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Platform } from "../instances/platform.ts";

const largestBytes = 64 * 1024 * 1024;

export async function trimLogs(platform: Pick<Platform, "config">): Promise<void> {
  const { home } = platform.config;
  const instances = (await readdir(join(home, "instances"))).filter((name) => !name.startsWith("."));
  const files = [
    join(home, "logs", "daemon.log"),
    join(home, "pgbouncer", "pgbouncer.log"),
    ...instances.map((name) => join(home, "instances", name, "postgres.log")),
    ...(await serviceLogs(join(home, "services"))),
  ];
  for (const file of files) {
    const size = await stat(file).then(
      (info) => info.size,
      () => 0,
    );
    if (size <= largestBytes) continue;
    await copyFile(file, `${file}.1`);
    await truncate(file);
  }
}

/** What users' own services wrote: `<project>/<environment>/logs/<service>.log`. */
async function serviceLogs(services: string): Promise<string[]> {
  const list = (folder: string) => readdir(folder).catch(() => []);
  const files: string[] = [];
  for (const project of await list(services)) {
    for (const environment of await list(join(services, project))) {
      const logs = join(services, project, environment, "logs");
      for (const name of await list(logs)) if (name.endsWith(".log")) files.push(join(logs, name));
    }
  }
  return files;
}
