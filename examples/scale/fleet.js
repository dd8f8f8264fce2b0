/** In charge of the fleet's commands; `node fleet.js help` lists them. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { readConfig } from "../../dist/base/config.js";
import { ensureToolchain } from "../../dist/runtime/ensure-toolchain.js";
import { ensureServerAccount } from "../../dist/runtime/server-account.js";
import { namespaceOf, setCable } from "../ha/network.js";
import { findPrograms } from "../ha/packages.js";
import * as files from "./files.js";
import {
  addressOf,
  clients,
  controls,
  gateways,
  hosts,
  makeNetwork,
  removeNetwork,
  server,
} from "./hosts.js";
import { programsOf, Refusal, sleep } from "./programs.js";

const run = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const postern = join(here, "../../dist/bin/postern.js");
const help = `node fleet.js COMMAND [--name NAME] [--directory DIR] [--set VARIABLE=VALUE …]

  up                 Postgres, two control planes, two gateways and HAProxy before them; also after \`down\`
  status             the control planes and the gateways; --json
  dsn                Postgres's own address, as an administrator of it
  exec -- COMMAND    runs a command on the applications' host; \`postern\` there speaks to the balancer
  kill HOST          kill -9 of a whole host: c1 or c2 (control planes), g1 or g2 (gateways)
  stop HOST          ends it as an update does: what is under way is answered
  start HOST         one that was killed or stopped
  cut HOST, heal HOST                        its network cable
  down [--delete]    stops everything; --delete: the data as well
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", default: "psf" },
    directory: { type: "string", default: "/var/lib/postern-scale" },
    set: { type: "string", multiple: true, default: [] },
    json: { type: "boolean" },
    delete: { type: "boolean" },
  },
});
const [command = "help", ...rest] = positionals;
const { name, directory } = values;
const say = (/** @type {string} */ text) => console.error(text);
const { keep, inside, kill, end } = programsOf(name, directory);

/** @param {string | undefined} host @param {readonly string[]} those */
function requireHost(host, those = [...controls, ...gateways]) {
  if (host !== undefined && those.includes(host)) return host;
  throw new Refusal(`Name one of ${those.join(", ")}.`);
}

const factsFile = join(directory, "fleet.json");

async function readFacts() {
  const text = await readFile(factsFile, "utf8").catch(() => undefined);
  if (text === undefined)
    throw new Refusal(`There is no fleet in ${directory}; \`node fleet.js up\` makes one.`);
  return JSON.parse(text);
}

const writeFacts = (/** @type {object} */ facts) =>
  writeFile(factsFile, JSON.stringify(facts, null, 2), { mode: 0o600 });

async function up() {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  await chmod(directory, 0o711);
  const account = await ensureServerAccount();
  const config = readConfig();
  const toolchain = await ensureToolchain(config, ({ message }) => message && say(message));
  const programs = await findPrograms(config.toolchainDirectory, say);
  const known = await readFacts().catch(() => undefined);
  const settings = Object.fromEntries(values.set.map((text) => text.split(/=(.*)/s).slice(0, 2)));
  const facts = {
    key: "",
    token: "",
    password: randomBytes(16).toString("hex"),
    ...known,
    ...{ directory, settings, account, haproxy: programs.haproxy, postgresBin: toolchain.postgresBin },
  };
  await writeFacts(facts);
  if (!known) await prepare(facts);
  await makeNetwork(name);
  await startServer(facts);
  say("Starting two control planes");
  await startControl(facts, controls[0]);
  if (facts.key === "") await introduce(facts);
  await Promise.all([startControl(facts, controls[1]), ...gateways.map((host) => startGateway(facts, host))]);
  await startBalancer(facts);
  say("Waiting for both control planes, both gateways and the balancer");
  await whole(facts);
  await status();
}

/** What is made once. */
async function prepare({ account, password, postgresBin }) {
  await files.makeCertificates(directory);
  await writeFile(join(directory, "master.key"), `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  for (const host of hosts) await mkdir(join(directory, host), { recursive: true, mode: 0o711 });
  await mkdir(join(directory, "backups"), { recursive: true, mode: 0o700 });
  const own = join(directory, server);
  await chown(own, account.uid, account.gid);
  const secret = join(own, "password");
  await writeFile(secret, password, { mode: 0o600 });
  await chown(secret, account.uid, account.gid);
  const words = ["-D", join(own, "data"), "-U", "postgres", "--pwfile", secret, "-A", "scram-sha-256"];
  const locale = ["--encoding", "UTF8", "--locale", "C.UTF-8"];
  await run(join(postgresBin, "initdb"), [...words, ...locale], {
    uid: account.uid,
    gid: account.gid,
    cwd: "/",
  });
  await rm(secret);
}

const root = { uid: 0, gid: 0 };

async function startServer({ account, postgresBin }) {
  const settings = await files.writeServerFiles(directory, account);
  const program = [join(postgresBin, "postgres"), "-D", join(directory, server, "data"), ...settings];
  // Of the account that Postgres runs as; the keeper's own files are root's.
  await keep(server, root, [
    {
      name: "postgres",
      command: ["setpriv", `--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups", ...program],
    },
  ]);
}

/** `postern up`, as on any host. @param {string} host */
async function startControl(facts, host) {
  const environment = { ...process.env, ...files.controlEnvironment(facts, host) };
  await inside(host, [process.execPath, postern, "up", "--no-input"], environment);
}

/** The administrator's key, the server of the databases, and the token of the gateways. */
async function introduce(facts) {
  const text = await readFile(join(directory, controls[0], "config/config.json"), "utf8");
  facts.key = JSON.parse(text).api_key;
  const dsn = `${dsnOf(facts)}?sslmode=verify-full`;
  const register = [
    "instance",
    "register",
    "--name",
    "pg",
    "--dsn",
    dsn,
    "--ca",
    join(directory, "tls/ca.pem"),
  ];
  await admin(facts, register);
  facts.token = JSON.parse(await admin(facts, ["gateway", "token", "create", "fleet"])).token;
  await writeFacts(facts);
}

/** @param {string[]} words */
const admin = (facts, words) =>
  inside(clients, [process.execPath, postern, "admin", ...words, "--json"], {
    ...process.env,
    ...files.adminEnvironment(facts),
  });

/** @param {string} host */
const startGateway = (facts, host) =>
  keep(host, root, [
    {
      name: "gateway",
      command: [process.execPath, postern, "gateway", "--name", host],
      env: files.gatewayEnvironment(facts, host),
    },
  ]);

async function startBalancer({ haproxy }) {
  const file = join(directory, clients, "haproxy.cfg");
  await writeFile(file, files.renderHaproxy(directory));
  await keep(clients, root, [{ name: "haproxy", command: [haproxy, "-db", "-f", file] }]);
}

/** @returns what is there; undefined where nobody says */
async function look(facts) {
  try {
    const [planes, list] = await Promise.all([
      admin(facts, ["control", "list"]),
      admin(facts, ["gateway", "list"]),
    ]);
    const isUp = (/** @type {{ status: string }} */ { status: state }) => ["up", "connected"].includes(state);
    return { controls: JSON.parse(planes), gateways: JSON.parse(list).filter(isUp) };
  } catch {
    return undefined;
  }
}

/** Both of each are there, and the balancer leads to them. */
async function whole(facts, patienceMs = 60_000) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const now = await look(facts);
    const planes = now?.controls.filter((/** @type {{ status: string }} */ one) => one.status === "up") ?? [];
    const names = new Set(now?.gateways.map((/** @type {{ name: string }} */ one) => one.name));
    if (planes.length === controls.length && names.size === gateways.length && (await isBalanced(facts)))
      return;
    if (performance.now() > deadline)
      throw new Refusal(`It did not come about. Logs are below ${directory}.`);
    await sleep(500);
  }
}

const isBalanced = (facts) =>
  inside(clients, [process.execPath, postern, "whoami"], {
    ...process.env,
    ...files.clientEnvironment(facts),
  }).then(
    () => true,
    () => false,
  );

async function status() {
  const now = await look(await readFacts());
  if (!now) throw new Refusal("No control plane answers.");
  if (values.json) return console.log(JSON.stringify(now));
  for (const { name: host, status: state, leads } of now.controls)
    console.log([host.padEnd(4), "control plane", state, leads ? "leads" : ""].join("  ").trimEnd());
  for (const { name: host, status: state } of now.gateways)
    console.log([host.padEnd(4), "gateway      ", state].join("  "));
}

const dsnOf = ({ password }) => `postgres://postgres:${password}@${addressOf(server)}:5432/postgres`;

/** @param {string} host */
async function start(host) {
  const facts = await readFacts();
  if (controls.includes(host)) return startControl(facts, host);
  await startGateway(facts, host);
  const deadline = performance.now() + 30_000;
  while (!(await look(facts))?.gateways.some((one) => one.name === host)) {
    if (performance.now() > deadline)
      throw new Refusal(`${host} does not come up: ${directory}/${host}/gateway.log`);
    await sleep(200);
  }
}

/** A gateway drains; a control plane's sessions end between their transactions. @param {string} host */
async function stop(host) {
  if (controls.includes(host))
    await inside(host, [process.execPath, postern, "down"], {
      ...process.env,
      ...files.controlEnvironment(await readFacts(), host),
    }).catch(() => {});
  await end(host, 35_000);
}

async function down() {
  if (values.delete) for (const host of hosts) await kill(host);
  else for (const host of [clients, ...gateways, ...controls, server]) await stop(host);
  await removeNetwork(name);
  if (values.delete) await rm(directory, { recursive: true, force: true });
}

async function execute() {
  const env = { ...process.env, ...files.clientEnvironment(await readFacts()) };
  const child = spawn("ip", ["netns", "exec", namespaceOf(name, clients), ...rest], {
    stdio: "inherit",
    env,
  });
  process.exitCode = await new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
}

/** @type {Record<string, () => Promise<unknown>>} */
const commands = {
  up,
  status,
  down,
  exec: execute,
  dsn: async () => console.log(dsnOf(await readFacts())),
  kill: () => kill(requireHost(rest[0])),
  stop: () => stop(requireHost(rest[0])),
  start: () => start(requireHost(rest[0])),
  cut: () => setCable(name, requireHost(rest[0]), false),
  heal: () => setCable(name, requireHost(rest[0]), true),
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
