/** In charge of the programs of hosts: they are started there, looked after, killed and ended. */
import { execFile, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { namespaceOf, pidsOf } from "../ha/network.js";

const run = promisify(execFile);
const keeper = join(dirname(fileURLToPath(import.meta.url)), "../ha/keep.js");

export class Refusal extends Error {}

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {string} name of the fleet @param {string} directory */
export function programsOf(name, directory) {
  /** Starts what is listed on a host, and starts it again when it ends. Repeatable. @param {string} host */
  async function keep(host, { uid, gid }, list) {
    if ((await pidsOf(name, host)).length > 0) return;
    const folder = join(directory, host);
    const named = list.map((one) => ({ ...one, log: join(folder, `${one.name}.log`) }));
    const plan = { uid, gid, pidFile: join(folder, "pids.json"), programs: named };
    await writeFile(join(folder, "keep.json"), JSON.stringify(plan), { mode: 0o600 });
    const out = openSync(join(folder, "keep.log"), "a", 0o640);
    const words = [
      "netns",
      "exec",
      namespaceOf(name, host),
      process.execPath,
      keeper,
      join(folder, "keep.json"),
    ];
    spawn("ip", words, { cwd: "/", detached: true, stdio: ["ignore", out, out] }).unref();
    closeSync(out);
  }

  /** @param {string} host @param {string[]} words @param {NodeJS.ProcessEnv} environment @returns what it prints */
  async function inside(host, words, environment) {
    const folder = ["netns", "exec", namespaceOf(name, host)];
    try {
      return (await run("ip", [...folder, ...words], { env: environment, cwd: "/" })).stdout;
    } catch (error) {
      throw new Refusal(`${words.slice(2).join(" ")} on ${host}:\n${error.stderr}`);
    }
  }

  /** @param {string} host */
  async function kill(host) {
    for (const pid of await pidsOf(name, host)) signal(pid, "SIGKILL");
    await gone(host, 5_000);
  }

  /** Its keeper ends what it keeps; what is left after a while is killed. @param {string} host @param {number} patienceMs */
  async function end(host, patienceMs) {
    for (const pid of await pidsOf(name, host)) {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (line.includes(keeper)) signal(pid, "SIGTERM");
    }
    await gone(host, patienceMs);
    await kill(host);
  }

  async function gone(host, patienceMs) {
    const deadline = performance.now() + patienceMs;
    while ((await pidsOf(name, host)).length > 0 && performance.now() < deadline) await sleep(50);
  }

  return { keep, inside, kill, end };
}

/** @param {number} pid @param {NodeJS.Signals} which */
function signal(pid, which) {
  try {
    process.kill(pid, which);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
