/** In charge of the cluster's commands; `node cluster.js help` lists them. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { chown, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { readConfig } from "../../dist/base/config.js";
import { ensureToolchain } from "../../dist/runtime/ensure-toolchain.js";
import { ensureServerAccount } from "../../dist/runtime/server-account.js";
import { etcdArguments, writeFiles } from "./files.js";
import { isWhole, readMembers } from "./members.js";
import { clients, makeNetwork, namespaceOf, nodes, pidsOf, removeNetwork, setCable } from "./network.js";
import { findPrograms } from "./packages.js";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const help = `node cluster.js COMMAND [--name NAME] [--directory DIR]

  up                 three hosts with etcd, Patroni and Postgres, and one with HAProxy; also after \`down\`
  status             who leads, who follows; --json
  dsn                where the leader is, as \`postern admin instance register\` takes it
  exec -- COMMAND    runs a command on the applications' host
  switchover         another leader, on purpose
  kill NODE [--only postgres|patroni|etcd]   kill -9: the whole host, or one program of it
  start NODE         a host that was killed
  cut NODE, heal NODE                        its network cable
  down [--delete]    stops everything; --delete: the data as well
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", default: "pha" },
    directory: { type: "string", default: "/var/lib/postern-ha" },
    only: { type: "string" },
    json: { type: "boolean" },
    delete: { type: "boolean" },
  },
});
const [command = "help", ...rest] = positionals;
const { name, directory } = values;
const say = (/** @type {string} */ text) => console.error(text);

class Refusal extends Error {}

/** @param {string | undefined} node */
function requireNode(node) {
  if (node !== undefined && nodes.includes(node)) return node;
  throw new Refusal(`Name one of ${nodes.join(", ")}.`);
}

/** What was made at the first start. */
async function readFacts() {
  const text = await readFile(join(directory, "cluster.json"), "utf8").catch(() => undefined);
  if (text === undefined)
    throw new Refusal(`There is no cluster in ${directory}; \`node cluster.js up\` makes one.`);
  return JSON.parse(text);
}

async function up() {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const account = await ensureServerAccount();
  const config = readConfig();
  const programs = await findPrograms(config.toolchainDirectory, say);
  const toolchain = await ensureToolchain(config, ({ message }) => message && say(message));
  const known = await readFacts().catch(() => undefined);
  const secret = () => randomBytes(16).toString("hex");
  const passwords = known?.passwords ?? {
    superuser: secret(),
    replication: secret(),
    rewind: secret(),
    api: secret(),
  };
  const facts = { account, programs, passwords, postgresBin: toolchain.postgresBin };
  await writeFile(join(directory, "cluster.json"), JSON.stringify(facts, null, 2), { mode: 0o600 });
  await writeFiles({ directory, name, postgresBin: facts.postgresBin, passwords });
  await makeNetwork(name);
  for (const host of [...nodes, clients]) {
    await own(join(directory, host), account);
    await startHost(host, facts);
  }
  say("Waiting for a leader and two hosts that follow it");
  const state = await waitFor(90_000, (members) => isWhole(members));
  print(state);
}

/** @param {string} path @param {{ uid: number, gid: number }} account */
async function own(path, account) {
  await chown(path, account.uid, account.gid);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.name === "data" || entry.name === "etcd") continue;
    if (entry.isDirectory()) await own(child, account);
    else await chown(child, account.uid, account.gid);
  }
}

/** Repeatable: a host that runs is left alone. @param {string} host */
async function startHost(host, { account, programs }) {
  if ((await pidsOf(name, host)).length > 0) return;
  const folder = join(directory, host);
  const log = (/** @type {string} */ program) => join(folder, `${program}.log`);
  const list =
    host === clients
      ? [
          {
            name: "haproxy",
            command: [programs.haproxy, "-db", "-f", join(folder, "haproxy.cfg")],
            log: log("haproxy"),
          },
        ]
      : [
          { name: "etcd", command: [programs.etcd, ...etcdArguments(host, directory)], log: log("etcd") },
          {
            name: "patroni",
            command: [...programs.patroni, join(folder, "patroni.yml")],
            log: log("patroni"),
          },
        ];
  const plan = { uid: account.uid, gid: account.gid, pidFile: join(folder, "pids.json"), programs: list };
  await writeFile(join(folder, "keep.json"), JSON.stringify(plan));
  const out = openSync(join(folder, "keep.log"), "a", 0o640);
  const child = spawn(
    "ip",
    [
      "netns",
      "exec",
      namespaceOf(name, host),
      process.execPath,
      join(here, "keep.js"),
      join(folder, "keep.json"),
    ],
    { cwd: "/", detached: true, stdio: ["ignore", out, out] },
  );
  child.unref();
  closeSync(out);
}

/** @param {number} patienceMs @param {(members: import("./members.js").Member[]) => boolean} isSo */
async function waitFor(patienceMs, isSo) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const members = await readMembers(name);
    if (members && isSo(members)) return members;
    if (performance.now() > deadline)
      throw new Refusal(
        `It did not come about. Logs are below ${directory}; \`node cluster.js status\` tells more.`,
      );
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** @param {import("./members.js").Member[]} members */
function print(members) {
  if (values.json) {
    console.log(JSON.stringify(members));
    return;
  }
  for (const { name: node, role, state, timeline, lag = "" } of members)
    console.log(
      [node.padEnd(4), role.padEnd(14), state.padEnd(12), `timeline ${timeline}`, lag].join(" ").trimEnd(),
    );
}

async function status() {
  await readFacts();
  const members = await readMembers(name);
  if (!members) throw new Refusal("No host answers.");
  print(members);
}

async function dsn() {
  const { passwords } = await readFacts();
  console.log(`postgres://postgres:${passwords.superuser}@127.0.0.1:5000/postgres`);
}

async function switchover() {
  const { programs } = await readFacts();
  const before = (await readMembers(name))?.find(({ role }) => role === "leader")?.name;
  const [python, ...more] = programs.patronictl;
  const words = ["-c", join(directory, nodes[0], "patroni.yml"), "switchover", "--force"];
  await run("ip", ["netns", "exec", namespaceOf(name, clients), python, ...more, ...words]);
  print(
    await waitFor(60_000, (members) => members.some((one) => one.role === "leader" && one.name !== before)),
  );
}

/** @param {string} node */
async function kill(node) {
  if (values.only === undefined) {
    for (const pid of await pidsOf(name, node)) stop(pid, "SIGKILL");
    return;
  }
  stop(await pidOf(node, values.only), "SIGKILL");
}

/** @param {string} node @param {string} program */
async function pidOf(node, program) {
  if (program === "postgres") {
    const file = join(directory, node, "data", "postmaster.pid");
    return Number((await readFile(file, "utf8")).split("\n")[0]);
  }
  const pid = JSON.parse(await readFile(join(directory, node, "pids.json"), "utf8"))[program];
  if (pid === undefined) throw new Refusal(`${program} does not run on ${node}.`);
  return pid;
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function stop(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

async function down() {
  // Those that follow end first: no leader is looked for in between.
  const leader = (await readMembers(name))?.find(({ role }) => role === "leader")?.name;
  const order = [
    ...nodes.filter((node) => node !== leader),
    ...nodes.filter((node) => node === leader),
    clients,
  ];
  for (const host of order) {
    const pids = await pidsOf(name, host);
    const keeper = await findKeeper(pids);
    if (keeper !== undefined) stop(keeper, "SIGTERM");
    const deadline = performance.now() + 30_000;
    for (;;) {
      const left = await pidsOf(name, host);
      if (left.length === 0) break;
      if (performance.now() > deadline || keeper === undefined) for (const pid of left) stop(pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  await removeNetwork(name);
  if (values.delete) await rm(directory, { recursive: true, force: true });
}

/** @param {number[]} pids */
async function findKeeper(pids) {
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(join(here, "keep.js"))) return pid;
  }
  return undefined;
}

async function execute() {
  const words = ["netns", "exec", namespaceOf(name, clients), ...rest];
  const child = spawn("ip", words, { stdio: "inherit" });
  process.exitCode = await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
}

/** @type {Record<string, () => Promise<unknown>>} */
const commands = {
  up,
  status,
  dsn,
  switchover,
  down,
  exec: execute,
  kill: () => kill(requireNode(rest[0])),
  start: async () => startHost(requireNode(rest[0]), await readFacts()),
  cut: () => setCable(name, requireNode(rest[0]), false),
  heal: () => setCable(name, requireNode(rest[0]), true),
  help: async () => console.log(help),
};

try {
  if (!commands[command]) throw new Refusal(`There is no command ${command}.\n\n${help}`);
  if (process.getuid?.() !== 0 && command !== "help")
    throw new Refusal("Network namespaces need root; on real hosts nothing here does.");
  await commands[command]();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
