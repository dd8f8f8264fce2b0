/** The command line before two control planes, one of which is killed; and schedules, whichever of them is. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  BackupInfo,
  ControlPlaneInfo,
  CreatedDatabase,
  DatabaseInfo,
  OperationInfo,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sleep } from "../../src/base/clock.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 300_000 });

let server: RegisteredServer;
let planes: [PosternHome, PosternHome];
let backups: string;

const settingsOf = (name: string) => ({
  POSTERN_STATE_URL: `${server.url().replace(/\/postgres$/, "/state")}?sslmode=verify-full`,
  POSTERN_STATE_CA_FILE: server.ca,
  POSTERN_CONTROL_NAME: name,
  POSTERN_BACKUP_DIR: backups,
  POSTERN_BACKUPS_AT_ONCE: "3",
  // What is waited for is asked for again and again.
  POSTERN_RATE_LIMIT: "off",
});

beforeAll(async () => {
  backups = await mkdtemp(join(tmpdir(), "pn-shared-"));
  server = await startRegisteredServer("superuser", { max_connections: "300" });
  planes = [await createPosternHome(settingsOf("first")), await createPosternHome(settingsOf("second"))];
  for (const { home } of planes) {
    await mkdir(join(home, "secrets"), { recursive: true });
    await writeFile(join(home, "secrets/master.key"), `${"5e".repeat(32)}\n`);
  }
  await Promise.all(planes.map((plane) => plane.start()));
  await planes[0].api("POST", "/admin/managed-db/instances", {
    name: "cluster",
    dsn: server.url(),
    ca: server.caText,
  });
}, 120_000);
afterAll(async () => {
  await Promise.all((planes ?? []).map((plane) => plane.close()));
  await server?.stop();
  await rm(backups, { recursive: true, force: true });
}, 60_000);

/** As a user elsewhere, who has two addresses, or one, and a key. */
const atBoth = () => ({ POSTERN_API_URL: planes.map((plane) => plane.apiUrl()).join(","), ...withKey() });
const at = (plane: PosternHome) => ({ POSTERN_API_URL: plane.apiUrl(), ...withKey() });
const withKey = () => ({ POSTERN_API_KEY: planes.map((plane) => plane.apiKey()).find((key) => key !== "")! });
const listAt = (environment: Record<string, string>) =>
  planes[0].json<ControlPlaneInfo[]>(["admin", "control", "list"], { environment });
const both = () =>
  waitUntil("both are up", async () => {
    const list = await listAt(at(planes[1]));
    return list.filter(({ status }) => status === "up").length === 2 && list.some(({ leads }) => leads);
  });

describe("the command line", () => {
  it("lists the control planes: since when, heard of when, and who does what", async () => {
    await both();
    const list = await listAt(at(planes[1]));
    expect(list).toMatchObject([
      { name: "first", status: "up", is_this: false, operations: 0, address: planes[0].apiUrl() },
      { name: "second", status: "up", is_this: true, operations: 0, address: planes[1].apiUrl() },
    ]);
    for (const { leads, duties, last_seen_at: seen } of list) {
      expect(duties.includes("scheduled backups")).toBe(leads);
      expect(Date.now() - Date.parse(seen)).toBeLessThan(10_000);
    }
    const { stdout } = await planes[0].run(["admin", "control", "list"], { environment: at(planes[1]) });
    expect(stdout).toMatch(/second \(this one\) +up +http/);
    expect(stdout.match(/scheduled backups/g)).toHaveLength(1);
  });

  it("is for administrators only", async () => {
    const made = await planes[0].json<{ id: string; token: string }>(["db", "create", "guarded"], {
      environment: atBoth(),
    });
    await expect(planes[0].api("GET", "/v1/control-planes", undefined, made.token)).rejects.toMatchObject({
      code: expect.stringMatching(/^Y2/),
    });
  });

  it("goes on by the other address while one is gone, and by one of two addresses where the other is up", async () => {
    const [first, second] = planes;
    await first.stop("SIGKILL");
    const made = await first.json<DatabaseInfo>(["db", "create", "by-two"], { environment: atBoth() });
    expect(made.status).toBe("ready");
    const rows = await first.json<{ n: number }[]>(["db", "exec", "select 1 as n"], {
      environment: { ...atBoth(), POSTERN_DB: "by-two" },
    });
    expect(JSON.stringify(rows)).toContain('"n":1');
    expect(await second.json(["db", "info", "by-two"], { environment: at(second) })).toMatchObject({
      id: made.id,
    });
    const end = await second.run(["db", "info", "by-two"], { environment: at(first) });
    expect([end.code, end.stderr]).toEqual([9, expect.stringContaining("Y0005")]);
    await first.start();
    await both();
  });

  it("watches to its end what was begun at one that is killed meanwhile", async () => {
    const [first, second] = planes;
    // As many as keep both at work when one is killed.
    const begun = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        first.api<CreatedDatabase>("POST", "/v1/databases?wait=false", { name: `watched-${index}` }, key()),
      ),
    );
    const all = await second.api<OperationInfo[]>("GET", "/v1/operations?limit=50", undefined, key());
    const last = all.find(({ database_id: id }) => id === begun.at(-1)!.id)!;
    const watched = first.run(["ops", "watch", last.id, "--json"], { environment: atBoth() });
    await first.stop("SIGKILL");
    const end = await watched;
    expect([end.code, end.stderr]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(end.stdout)).toMatchObject({ id: last.id, status: "completed" });
    await waitUntil("all are ready", async () => {
      const list = await second.api<DatabaseInfo[]>("GET", "/v1/databases", undefined, key());
      const ready = list.filter(({ name, status }) => name.startsWith("watched") && status === "ready");
      return ready.length === begun.length;
    });
    await first.start();
    await both();
  });
});

const key = () => withKey().POSTERN_API_KEY;

describe("a schedule", () => {
  it("is kept once for each minute, whichever control plane is killed in the middle of it", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `kept-${index}`);
    const made: CreatedDatabase[] = [];
    for (const name of names)
      made.push(await planes[0].api<CreatedDatabase>("POST", "/v1/databases?wait=true", { name }, key()));
    for (const { id } of made)
      await planes[1].api("PUT", `/v1/databases/${id}/backup-policy`, { schedule: "* * * * *" }, key());
    const backupsOf = async (plane: PosternHome, { id }: CreatedDatabase) =>
      (await plane.api<BackupInfo[]>("GET", `/v1/databases/${id}/backups`, undefined, key())).filter(
        ({ kind }) => kind === "scheduled",
      );
    const state = await server.connect({ database: "state" });
    const isUnderWay = async () => {
      const { rows } = await state.query(
        "select from operations where kind = 'create_backup' and status = 'running'",
      );
      return rows.length > 0;
    };
    let kills = 0;
    for (let round = 0; round < 2; round += 1) {
      await waitUntil("backups are made", isUnderWay, 100_000);
      const leader = (await listAt(atBoth())).find(({ leads, status }) => leads && status === "up")!.name;
      const victim = leader === "first" ? planes[0] : planes[1];
      await victim.stop("SIGKILL");
      kills += 1;
      const survivor = victim === planes[0] ? planes[1] : planes[0];
      await waitUntil(
        "each has one more",
        async () => {
          const lists = await Promise.all(made.map((one) => backupsOf(survivor, one)));
          return lists.every((list) => list.filter(({ status }) => status === "completed").length > round);
        },
        150_000,
      );
      await victim.start();
      await both();
    }
    expect(kills).toBe(2);
    for (const { id } of made)
      await planes[1].api("PUT", `/v1/databases/${id}/backup-policy`, { schedule: "off" }, key());
    await waitUntil("nothing is under way", async () => {
      const { rows } = await state.query(
        "select from operations where status in ('pending', 'running') limit 1",
      );
      return rows.length === 0;
    });
    await sleep(1_000);

    const lists = await Promise.all(made.map((one) => backupsOf(planes[0], one)));
    for (const list of lists) expect(list.filter(({ status }) => status !== "completed")).toEqual([]);
    // By the minute that each is for: on a busy machine one may begin a minute late.
    const { rows } = await state.query(
      `select database_id, input->>'due_at' as due_at, count(*)::int as times from operations
        where kind = 'create_backup' and input->>'kind' = 'scheduled' group by 1, 2 having count(*) > 1`,
    );
    expect(rows).toEqual([]);
    const failed = await state.query("select kind, error from operations where status = 'failed'");
    expect(failed.rows).toEqual([]);
    await state.end();
    // Neither half a backup nor a second one is in the store.
    const ids = lists.flat().map(({ id }) => id);
    const stored = (await readdir(backups, { recursive: true })).filter((name) =>
      /bkp-[0-9a-f]{8}/.test(name),
    );
    expect(new Set(stored.map((name) => /bkp-[0-9a-f]{8}/.exec(name)![0]))).toEqual(new Set(ids));
  });
});
