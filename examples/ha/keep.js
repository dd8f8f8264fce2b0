/**
 * In charge of the programs of one host: they are started again when they end, as systemd would. Patroni above all must not
 * stay away: while it is, nobody tells a leader that it is one no more. `node keep.js FILE`; the file lists them.
 */
import { spawn } from "node:child_process";
import { openSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** @typedef {{ name: string, command: string[], log: string, env?: Record<string, string> }} Program */
const [file] = process.argv.slice(2);
/** @type {{ uid: number, gid: number, pidFile: string, programs: Program[] }} */
const { uid, gid, pidFile, programs } = JSON.parse(readFileSync(file, "utf8"));
/** @type {Map<string, import("node:child_process").ChildProcess>} */
const running = new Map();
let isEnding = false;

/** @param {Program} program */
function start(program) {
  const log = openSync(program.log, "a", 0o640);
  const [command, ...args] = program.command;
  const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C.UTF-8", TZ: "UTC", ...program.env };
  const child = spawn(command, args, { cwd: "/", env, uid, gid, stdio: ["ignore", log, log] });
  running.set(program.name, child);
  note();
  child.on("error", (error) => console.error(`${program.name}: ${error.message}`));
  child.on("close", (code, signal) => {
    running.delete(program.name);
    note();
    if (isEnding) return;
    console.error(`${program.name} ended with ${signal ?? code}; it is started again`);
    setTimeout(() => start(program), 1_000);
  });
}

function note() {
  const pids = Object.fromEntries([...running].map(([name, { pid }]) => [name, pid]));
  writeFileSync(`${pidFile}.new`, JSON.stringify(pids));
  renameSync(`${pidFile}.new`, pidFile);
}

/** The last one first: Patroni gives its place away while etcd is still there to hear of it. */
async function end() {
  if (isEnding) return;
  isEnding = true;
  for (const { name } of programs.toReversed()) {
    const child = running.get(name);
    if (!child) continue;
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await ended;
  }
  process.exit(0);
}

process.on("SIGTERM", end);
process.on("SIGINT", end);
for (const program of programs) start(program);
