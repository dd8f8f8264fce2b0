/** In charge of measuring how long starting takes: the daemon on a prepared home, and the command line. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median } from "./statistics.ts";
import { startTemporaryPostern } from "./temporary-postern.ts";

const command = fileURLToPath(new URL("../dist/bin/postern.js", import.meta.url));

export async function benchStart(options: { json: boolean }): Promise<void> {
  const figures = { ...(await daemonStart()), ...(await commandStart()) };
  if (options.json) return console.log(JSON.stringify(figures));
  console.log(`daemon on a prepared home, ready after: ${figures.daemon_ready_ms} ms (median of 5)`);
  console.log(
    `postern --version: ${figures.version_ms} ms; bare node -e 0: ${figures.node_ms} ms; difference ${figures.version_ms - figures.node_ms} ms (medians of 21)`,
  );
}

async function daemonStart() {
  const postern = await startTemporaryPostern();
  const times: number[] = [];
  try {
    for (let round = 0; round < 5; round += 1) {
      await postern.restart();
      times.push(postern.readyMs());
    }
  } finally {
    await postern.close();
  }
  return { daemon_ready_ms: Math.round(median(times)) };
}

async function commandStart() {
  const version: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < 21; round += 1) {
    version.push(await timeOf([command, "--version"]));
    bare.push(await timeOf(["-e", "0"]));
  }
  return { version_ms: Math.round(median(version)), node_ms: Math.round(median(bare)) };
}

async function timeOf(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await promisify(execFile)(process.execPath, args);
  return performance.now() - startedAt;
}
