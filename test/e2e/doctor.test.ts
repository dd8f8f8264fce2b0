/** The doctor, beside things that are really broken: what it finds, what it names to mend them, and what it mends. */
import { chmod, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectSharedMemory } from "../../src/cli/doctor/machine-checks.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { createAuthority } from "../support/test-certificates.ts";
import { waitUntil } from "../support/wait-until.ts";

interface Finding {
  name: string;
  ok: boolean;
  state: string;
  detail: string;
  hint: string | null;
  command: string | null;
  fixed: string | null;
}

let postern: PosternHome;
let userConfig = "";

beforeAll(async () => {
  postern = await createPosternHome();
  userConfig = join(postern.environment.POSTERN_CONFIG_DIR!, "config.json");
  expect((await postern.run(["up"])).code).toBe(0);
});
afterAll(() => postern.close());

async function examine(args: string[] = [], environment: Record<string, string> = {}) {
  const { code, stdout } = await postern.run(["doctor", "--json", ...args], { environment });
  const findings = JSON.parse(stdout) as Finding[];
  return {
    code,
    wrong: findings.filter(({ ok }) => !ok).map(({ name }) => name),
    of: (name: string) => findings.find((finding) => finding.name === name)!,
  };
}

const daemonFile = () => join(postern.home, "daemon.json");
const daemonPid = async () => (JSON.parse(await readFile(daemonFile(), "utf8")) as { pid: number }).pid;

describe("a Postern that runs", () => {
  it("is well", async () => {
    const { code, wrong, of } = await examine();
    expect([code, wrong]).toEqual([0, []]);
    expect(of("services").detail).toMatch(/running/);
    expect(of("orphans").detail).toMatch(/^none; \d+ processes belong to the daemon$/);
  });

  it("has secrets that others may read: closed by --fix", async () => {
    const secrets = join(postern.home, "secrets");
    await chmod(secrets, 0o755);
    await chmod(userConfig, 0o644);
    const before = await examine();
    expect([before.code, before.wrong]).toEqual([8, ["permissions"]]);
    expect(before.of("permissions").command).toBe(`chmod 700 ${secrets} && chmod 600 ${userConfig}`);
    const after = await examine(["--fix"]);
    expect([after.code, after.of("permissions").state]).toEqual([0, "fixed"]);
    expect(after.of("permissions").fixed).toContain(secrets);
    expect([(await stat(secrets)).mode & 0o777, (await stat(userConfig)).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
  });

  it("has a user whose configuration cannot be read: put aside and made anew by --fix", async () => {
    await writeFile(userConfig, "{ half");
    const before = await examine();
    expect([before.code, before.wrong.includes("user config")]).toEqual([8, true]);
    const after = await examine(["--fix"]);
    expect([after.code, after.wrong, after.of("user config").state]).toEqual([0, [], "fixed"]);
    expect(await readFile(`${userConfig}.broken`, "utf8")).toBe("{ half");
    expect((await postern.run(["db", "list"])).code).toBe(0);
  });

  it("has a user whose key is not taken, or who has none: --fix gets a new one", async () => {
    const config = JSON.parse(await readFile(userConfig, "utf8")) as Record<string, string>;
    for (const [api_key, check] of [
      [`pk_${"0".repeat(64)}`, "API"],
      [undefined, "user config"],
    ] as const) {
      await writeFile(userConfig, JSON.stringify({ ...config, api_key }), { mode: 0o600 });
      const before = await examine();
      expect([before.code, before.wrong.includes(check)]).toEqual([8, true]);
      const after = await examine(["--fix"]);
      expect([after.code, after.of(check).state]).toEqual([0, "fixed"]);
    }
  });

  it("is of another version than the command", async () => {
    const text = await readFile(daemonFile(), "utf8");
    await writeFile(daemonFile(), text.replace(/"version": "[^"]*"/, '"version": "0.0.1"'));
    const { code, of } = await examine();
    expect([code, of("daemon").detail]).toEqual([8, expect.stringContaining("is version 0.0.1")]);
    expect(of("daemon").command).toBe("postern down && postern up");
    await writeFile(daemonFile(), text);
  });

  it("has a pooler that hangs", async () => {
    const pid = await postern.serverPid("pgbouncer");
    process.kill(pid, "SIGSTOP");
    const { code, of } = await examine().finally(() => process.kill(pid, "SIGCONT"));
    expect([code, of("services").detail]).toEqual([
      8,
      expect.stringMatching(/^PgBouncer at .* does not answer$/),
    ]);
    await waitUntil("the pooler answers", async () => (await examine()).code === 0);
  });

  it("has a database whose backups are overdue", async () => {
    const backups = join(postern.home, "backups");
    await postern.json(["db", "create", "overdue"]);
    const state = new pg.Client({
      host: join(postern.home, "run/system"),
      user: "postern_admin",
      database: "postern",
    });
    await state.connect();
    await rename(backups, `${backups}.away`);
    await writeFile(backups, "no folder");
    try {
      await state.query("update databases set created_at = now() - interval '9 days'");
      await state.query("update backup_policies set scheduled_since = null");
      const { code, of } = await examine();
      expect([code, of("backups").detail]).toEqual([
        8,
        expect.stringContaining("A backup is missing of overdue"),
      ]);
    } finally {
      await rm(backups);
      await rename(`${backups}.away`, backups);
      await state.query("update databases set created_at = now()");
      await state.end();
    }
  });
});

describe("a machine", () => {
  it("is short of room, of open files, or of shared memory", async ({ skip }) => {
    const room = await examine([], { POSTERN_DISK_RESERVE: "900000TB" });
    expect([room.code, room.wrong]).toEqual([8, ["free space"]]);
    const disk = await mountSmallDisk("1m");
    if (typeof disk === "string") return skip(disk);
    await expect(inspectSharedMemory(disk.directory)).rejects.toThrow("of 1.0 MB free").finally(disk.remove);
  });

  it("does not know the names of databases: a warning, as it goes without", async () => {
    const { code, of } = await examine([], { POSTERN_DOMAIN: "postern.invalid" });
    expect([code, of("resolver").state, of("resolver").ok]).toEqual([0, "warning", true]);
    expect(of("resolver").detail).toContain("*.postern.invalid");
  });

  it("has another time than the server", async () => {
    const server = createServer((_request, response) => {
      response.setHeader("date", new Date(Date.now() + 3_600_000).toUTCString()).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { of } = await examine([], {
      POSTERN_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    server.close();
    expect(of("clock")).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/^the server's is 3[56]\d\d s ahead/),
    });
  });

  it("has a certificate that ends soon", async () => {
    const authority = await createAuthority();
    try {
      const stamp = (days: number) =>
        `${new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+/g, "")}`;
      const files = await authority.issue("soon", { validity: [stamp(-20), stamp(5.5)] });
      const { code, of } = await examine([], {
        POSTERN_TLS_CERT: files.certificate,
        POSTERN_TLS_KEY: files.key,
      });
      expect([code, of("certificate").detail]).toEqual([8, expect.stringContaining("5 days are left")]);
    } finally {
      await authority.close();
    }
  });

  it("has no toolchain, or one that was altered", async () => {
    const folder = join(postern.project, "toolchains");
    await mkdir(folder);
    const none = await examine([], { POSTERN_TOOLCHAIN_DIR: folder });
    expect([none.code, none.of("toolchain").detail]).toEqual([8, `${folder} has none`]);
    const real = (await examine()).of("toolchain").detail;
    const name = real.split("/").at(-1)!;
    const bin = join(folder, name, "usr/lib/postgresql", /postgres-(\d+)/.exec(name)![1]!, "bin");
    await mkdir(bin, { recursive: true });
    await symlink(join(real, "usr/sbin"), join(folder, name, "usr/sbin"));
    for (const program of ["postgres", "initdb", "pg_dump", "pg_restore"])
      await symlink(join(bin.replace(folder, join(real, "..")), program), join(bin, program));
    await writeFile(join(bin, "psql"), "#!/bin/sh\necho psql 1.0\n", { mode: 0o755 });
    const altered = await examine([], { POSTERN_TOOLCHAIN_DIR: folder });
    expect([altered.code, altered.of("toolchain").detail]).toEqual([
      8,
      expect.stringMatching(/^\S+\/psql is not version [\d.]+$/),
    ]);
    expect(altered.of("toolchain").command).toContain(`rm -r ${join(folder, name)}`);
  });

  it("has a variable or a home that cannot be used", async () => {
    const port = await examine([], { POSTERN_HTTP_PORT: "many" });
    expect([port.code, port.wrong]).toEqual([8, ["configuration"]]);
    const home = await examine([], { POSTERN_HOME: "/etc/hostname/home" });
    expect([home.code, home.wrong.includes("home")]).toEqual([8, true]);
  });
});

describe("a daemon that was killed", () => {
  it("leaves files and servers: found, and taken over by --fix", async () => {
    const pid = await daemonPid();
    const server = await postern.serverPid("shared");
    process.kill(pid, "SIGKILL");
    await waitUntil(
      "the daemon is gone",
      async () => (await examine()).of("daemon").detail === "not running",
    );
    const before = await examine();
    expect(before.code).toBe(8);
    expect(before.wrong).toEqual(expect.arrayContaining(["daemon", "leftovers", "orphans"]));
    expect(before.of("leftovers").detail).toContain(daemonFile());
    expect(before.of("orphans").detail).toContain(`${server} `);
    const after = await examine(["--fix"]);
    expect([after.code, after.wrong]).toEqual([0, []]);
    expect(after.of("daemon")).toMatchObject({ state: "fixed", fixed: "started it" });
    expect(after.of("orphans").state).toBe("fixed");
    expect(await postern.serverPid("shared")).toBe(server);
  });
});

describe("a Postern that is down", () => {
  it("has its port taken: by whom, and how to take another", async () => {
    expect((await postern.run(["down"])).code).toBe(0);
    const { http } = JSON.parse(await readFile(join(postern.home, "ports.json"), "utf8")) as { http: number };
    const thief = createTcpServer();
    await new Promise<void>((resolve) => thief.listen(http, "127.0.0.1", resolve));
    const { code, of } = await examine().finally(() => thief.close());
    expect([code, of("ports").detail]).toEqual([
      8,
      expect.stringMatching(new RegExp(`^port ${http}, for the API, is taken by process ${process.pid} \\(`)),
    ]);
    expect(of("ports").command).toBe("POSTERN_HTTP_PORT=0 postern up");
    expect((await examine()).of("ports").ok).toBe(true);
  });

  it("may open too few files", async () => {
    const { stdout } = await runLimited(512);
    const found = (JSON.parse(stdout) as Finding[]).find(({ name }) => name === "open files")!;
    expect(found).toMatchObject({ ok: false, detail: "at most 512 open files, and 4096 are wanted" });
  });
});

async function runLimited(files: number): Promise<{ stdout: string }> {
  const { execFile } = await import("node:child_process");
  const program = new URL("../../dist/bin/postern.js", import.meta.url).pathname;
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["-c", `ulimit -n ${files}; exec '${process.execPath}' '${program}' doctor --json`],
      { env: postern.environment },
      (_error, stdout) => resolve({ stdout }),
    );
  });
}
