/** In charge of running a program that makes load, in a process of its own, and reading what it measured. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { HttpLoad } from "./http-load.ts";
import type { PgLoad } from "./pg-load.ts";
import type { LoadResult } from "./recording.ts";

/** Loads end by themselves; a server that no longer answers must not hold up everything. */
const patienceMs = 30_000;

export const runHttpLoad = (load: HttpLoad): Promise<LoadResult> => runLoad("http-load.js", load);
export const runPgLoad = (load: PgLoad): Promise<LoadResult> => runLoad("pg-load.js", load);

async function runLoad(name: string, load: HttpLoad | PgLoad): Promise<LoadResult> {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [program], {
    stdio: ["pipe", "pipe", "inherit"],
    timeout: (load.warmupSeconds + load.seconds) * 1000 + patienceMs,
  });
  child.stdin.end(JSON.stringify(load));
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`${name} ended with ${code ?? "a signal"}.`);
  const result = JSON.parse(output) as LoadResult;
  if (result.failures > 0) throw new Error(`${result.failures} requests failed.`);
  return result;
}
