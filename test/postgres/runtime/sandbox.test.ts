/** Two servers in sandboxes, one of them in the hands of somebody who runs programs by it. */
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { currentUser, readConfig } from "../../../src/base/config.ts";
import { sandboxOf } from "../../../src/runtime/find-postmaster.ts";
import { readCommandLine, signalProcess, waitForExit } from "../../../src/runtime/live-process.ts";
import { ownPath } from "../../../src/runtime/own-path.ts";
import { ProcessRuntime } from "../../../src/runtime/process-runtime.ts";
import { replaceOwned } from "../../../src/runtime/replace-owned.ts";
import { runProgram } from "../../../src/runtime/run-program.ts";
import type { ServerSpec } from "../../../src/runtime/runtime.ts";
import { ControlGroups, clearControlGroups, limitsOf } from "../../../src/runtime/sandbox/control-groups.ts";
import { openSandbox, type SandboxState } from "../../../src/runtime/sandbox/open-sandbox.ts";
import { ensureServerAccount, type ServerAccount } from "../../../src/runtime/server-account.ts";
import { identRules } from "../../../src/runtime/server-settings.ts";
import { postgresProgram } from "../../../src/runtime/toolchain.ts";
import { testToolchain } from "../../support/toolchain.ts";
import { waitUntil } from "../../support/wait-until.ts";

const admin = "postern_admin";
const toolchain = await testToolchain();
const account: ServerAccount = await ensureServerAccount();
const home = await mkdtemp(join(tmpdir(), "psb-"));
await chmod(home, 0o711);
for (const folder of ["instances", "run", "secrets", "point-in-time"]) await mkdir(join(home, folder));
await writeFile(join(home, "secrets/master.key"), "the master key\n");
const config = readConfig({
  POSTERN_HOME: home,
  POSTERN_SANDBOX: "auto",
  POSTERN_TOOLCHAIN_DIR: readConfig().toolchainDirectory,
});
const state: SandboxState = await openSandbox({ config, account, toolchain });

const groups = await ControlGroups.open(home);

const specOf = (name: string): ServerSpec => ({
  name,
  dataDirectory: join(home, "instances", name, "data"),
  socketDirectory: join(home, "run", name),
  logFile: join(home, "instances", name, "postgres.log"),
  tcpPort: null,
  settings: {},
  settingsFile: join(home, "point-in-time", name, "server.conf"),
});
const [mine, other] = [specOf("ins-mine"), specOf("ins-other")];

const runtimeWith = (sandbox: SandboxState["sandbox"]): ProcessRuntime =>
  new ProcessRuntime({
    toolchain,
    account,
    exposure: { listen: "127.0.0.1", tlsFile: null, insecure: false },
    ephemeral: true,
    warmPool: { claim: initialise, refill: async () => {} },
    sandbox,
    insistsOnSandbox: true,
  });
const runtime = runtimeWith(state.sandbox);

async function initialise(directory: string): Promise<void> {
  await ownPath(dirname(directory), account);
  const args = ["-D", directory, "-U", admin, "--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync"];
  const { exitCode, stderr } = await runProgram(postgresProgram(toolchain, "initdb"), args, { account });
  if (exitCode !== 0) throw new Error(`initdb ended with ${exitCode}: ${stderr}`);
  await appendFile(join(directory, "postgresql.conf"), "\ninclude_if_exists 'postern.conf'\n");
  await writeFile(join(directory, "pg_ident.conf"), identRules([account.username, currentUser()]));
}

async function ask(spec: ServerSpec, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ host: spec.socketDirectory, port: 5432, user: admin, database: "postgres" });
  client.on("error", () => {});
  await client.connect();
  try {
    const result = await client.query<unknown[]>({ text: sql, rowMode: "array" });
    return result.rows;
  } finally {
    await client.end();
  }
}

/** What a program says that the server in foreign hands runs. */
async function attack(command: string): Promise<string> {
  const program = `{ ${command}; } 2>&1; true`.replaceAll("'", "''");
  const client = new pg.Client({ host: mine.socketDirectory, port: 5432, user: admin, database: "postgres" });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("create temp table said (line text)");
    await client.query(
      `copy said from program '${program}' (format csv, delimiter e'\\x01', quote e'\\x02')`,
    );
    const { rows } = await client.query<{ all: string | null }>(
      "select string_agg(line, e'\\n') as all from said",
    );
    return rows[0]!.all ?? "";
  } finally {
    await client.end();
  }
}

const psql = postgresProgram(toolchain, "psql");
const attacks: Record<string, string> = {
  "the data of another": `cat ${other.dataDirectory}/PG_VERSION && echo REACHED`,
  "the socket of another": `${psql} -h ${other.socketDirectory} -U ${admin} postgres -Atc "select 'REA' || 'CHED'"`,
  "the names of others": `test -e ${home}/instances/ins-other && echo REACHED`,
  "the socket folders of others": `test -e ${home}/run/ins-other && echo REACHED`,
  "the processes of others": `cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -q 'ins-othe[r]' && echo REACHED`,
};

beforeAll(async () => {
  for (const spec of [mine, other]) {
    await runtime.create(spec);
    await runtime.start(spec);
  }
}, 120_000);

afterAll(async () => {
  for (const spec of [mine, other]) await runtime.remove(spec);
  await rm(home, { recursive: true, force: true });
});

describe.skipIf(state.sandbox === null)(`in a sandbox (${state.reason ?? "there is one"})`, () => {
  for (const [what, command] of Object.entries(attacks))
    it(`${what} cannot be reached`, async () => {
      expect(await attack(command)).not.toContain("REACHED");
    });

  it("the daemon's secrets are not even there for Postgres itself", async () => {
    const read = ask(mine, `select pg_read_file('${home}/secrets/master.key')`);
    await expect(read).rejects.toThrow("No such file or directory");
    await expect(ask(mine, `select pg_ls_dir('${home}/secrets')`)).rejects.toThrow("No such file");
  });

  it("no process but its own can be killed", async () => {
    const [victim] = [await runtime.findPid(other)];
    expect(await attack(`kill -9 ${victim} && echo REACHED`)).toContain("No such process");
    expect(await runtime.findPid(other)).toBe(victim);
    // All that it may: itself, and then it is started again.
    await attack("kill -9 -1").catch(() => {});
    await waitUntil("it is gone", async () => (await runtime.findPid(mine)) === null);
    await runtime.start(mine);
    expect(await runtime.findPid(other)).toBe(victim);
  });

  it("there is no way to become more, and little room in memory", async () => {
    const status = await attack("cat /proc/self/status");
    expect(status).toMatch(/NoNewPrivs:\s*1/);
    expect(status).toMatch(/CapEff:\s*0+\n/);
    expect(status).toMatch(/CapBnd:\s*0+\n/);
    expect(await attack("touch /usr/made /etc/made /made")).not.toBe("");
    expect(await attack("head -c 300000000 /dev/zero > /tmp/big; stat -c %s /tmp/big; rm /tmp/big")).toMatch(
      /No space left on device/,
    );
  });

  it.skipIf(groups === null)(
    "a program that multiplies comes to its end, and others do not notice",
    async () => {
      const pid = (await runtime.findPid(mine))!;
      const { memoryBytes, processes } = await limitsOf(pid);
      expect(memoryBytes).toBeGreaterThan(64 * 1024 ** 2);
      expect(processes).toBe(1_024);
      const said = await attack(
        "(i=0; while [ $i -lt 1100 ]; do sleep 30 >/dev/null 2>&1 & i=$((i+1)); done; echo REACHED)",
      );
      expect(said).toMatch(/Cannot fork|Resource temporarily unavailable/);
      expect(said).not.toContain("REACHED");
      expect(await ask(other, "select 1")).toEqual([[1]]);
      await runtime.stop(mine);
      await runtime.start(mine);
      expect(await ask(mine, "select 1")).toEqual([[1]]);
    },
  );

  it.skipIf(groups === null)(
    "what it takes is limited as long as it runs, and nothing stays of that",
    async () => {
      await runtime.stop(mine);
      const files = await groups!.admit(mine.name);
      expect(await Promise.all(files.map((file) => readFile(file, "utf8")))).toEqual(files.map(() => ""));
      await groups!.forget(mine.name);
      for (const file of files) await expect(readFile(file)).rejects.toThrow("ENOENT");
      await runtime.start(mine);
      const pid = String(await runtime.findPid(mine));
      for (const file of files) expect((await readFile(file, "utf8")).split("\n")).toContain(pid);
    },
  );

  it.skipIf(groups === null)(
    "what a killed server had is taken away by whoever stops the others",
    async () => {
      const [file] = await groups!.admit("ins-killed");
      await clearControlGroups(home);
      await expect(readFile(file!)).rejects.toThrow("ENOENT");
      // The others run, and keep theirs.
      expect((await limitsOf((await runtime.findPid(mine))!)).processes).toBe(1_024);
      for (const spec of [mine, other]) await runtime.stop(spec);
      await clearControlGroups(home);
      await expect(readdir(dirname(dirname(file!)))).rejects.toThrow("ENOENT");
      for (const spec of [mine, other]) await runtime.start(spec);
    },
  );

  it("whoever is root follows no link that it has laid", async () => {
    const [victim, file] = [join(home, "secrets/victim"), join(mine.dataDirectory, "postern.conf")];
    await writeFile(victim, "untouched");
    await symlink(victim, `${file}.new`);
    const text = `${await readFile(file, "utf8")}# another\n`;
    expect(await replaceOwned(file, text, { mode: 0o640, account })).toBe(true);
    expect(await readFile(victim, "utf8")).toBe("untouched");
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("the server outlives the program that holds its sandbox, and is taken over", async () => {
    const pid = (await runtime.findPid(mine))!;
    const inner = (await sandboxOf(pid))!.pid;
    const outer = Number(/^PPid:\s*(\d+)/m.exec(await readFile(`/proc/${inner}/status`, "utf8"))![1]);
    process.kill(outer, "SIGKILL");
    expect(await waitForExit(async () => (await readCommandLine(outer)) !== undefined, 10_000)).toBe(true);
    expect(await runtimeWith(state.sandbox).start(mine)).toBe(pid);
    expect(await ask(mine, "select 1")).toEqual([[1]]);
  });

  it("a killed postmaster is started again, whatever it has left running", async () => {
    const pid = (await runtime.findPid(mine))!;
    const first = (await sandboxOf(pid))!.pid;
    await attack("setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo started");
    signalProcess(pid, "SIGKILL");
    // Until it is gone it would be taken for one that runs.
    await waitUntil("the postmaster is gone", async () => (await readCommandLine(pid)) === undefined);
    const again = await runtime.start(mine);
    expect(again).not.toBe(pid);
    expect(await readCommandLine(first)).toBeUndefined();
    expect(await ask(mine, "select 1")).toEqual([[1]]);
  });

  it("two starts at once are one server", async () => {
    await runtime.stop(mine);
    const pids = await Promise.all([runtime.start(mine), runtimeWith(state.sandbox).start(mine)]);
    expect(pids[0]).toBe(pids[1]);
    expect(await ask(mine, "select 1")).toEqual([[1]]);
  });

  it("a server that runs outside is put into one where that is insisted on", async () => {
    await runtime.stop(mine);
    const plain = runtimeWith(null);
    const pid = await plain.start(mine);
    expect(await sandboxOf(pid)).toBeUndefined();
    const after = await runtime.start(mine);
    expect(after).not.toBe(pid);
    expect(await sandboxOf(after)).toBeDefined();
  });
});

describe("without a sandbox", () => {
  beforeAll(async () => {
    await runtime.stop(mine);
    await runtimeWith(null).start(mine);
  });

  for (const [what, command] of Object.entries(attacks))
    it(`${what} can be reached: the attack is one`, async () => {
      expect(await attack(command)).toContain("REACHED");
    });
});
