/** Control planes over one database: begun at once, killed, cut off, and refused where they do not belong. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  CreatedDatabase,
  DaemonStatus,
  DatabaseInfo,
  DatabaseUrls,
  OperationInfo,
  RegisteredInstance,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { serverLayout } from "../../src/instances/server-layout.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 240_000 });

const root = "/admin/managed-db/instances";
let server: RegisteredServer;
let first: PosternHome;
let second: PosternHome;
/** What both mount. */
let backups: string;

const stateUrl = (name: string) => `${server.url().replace(/\/postgres$/, `/${name}`)}?sslmode=verify-full`;
const settingsOf = (name: string) => ({
  POSTERN_STATE_URL: stateUrl("state"),
  POSTERN_STATE_CA_FILE: server.ca,
  POSTERN_CONTROL_NAME: name,
  POSTERN_WORKERS: "1",
  POSTERN_BACKUP_DIR: backups,
});
const statusOf = (postern: PosternHome) => postern.api<DaemonStatus>("GET", "/v1/status");
/** A machine that is busy makes one silent for a moment. */
const upOf = async (postern: PosternHome) =>
  (await statusOf(postern)).control_planes.filter(({ status }) => status === "up").map(({ name }) => name);
const create = (postern: PosternHome, name: string) =>
  postern.api<CreatedDatabase>("POST", "/v1/databases?wait=true", { name });
const ask = (postern: PosternHome, { id, token }: CreatedDatabase, sql: string) =>
  postern
    .api<{ rows: Record<string, unknown>[] }>("POST", `/v1/db/${id}/query`, { sql }, token)
    .then(({ rows }) => rows);

/** The same on both, as an administrator would copy it. */
async function giveKey({ home }: PosternHome): Promise<void> {
  await mkdir(join(home, "secrets"), { recursive: true });
  await writeFile(join(home, "secrets/master.key"), `${"5e".repeat(32)}\n`);
}

beforeAll(async () => {
  backups = await mkdtemp(join(tmpdir(), "pn-shared-"));
  server = await startRegisteredServer("superuser", { max_connections: "1500" });
  const homes = await Promise.all([
    createPosternHome(settingsOf("first")),
    createPosternHome(settingsOf("second")),
  ]);
  [first, second] = homes;
  await Promise.all([first, second].map(giveKey));
  await Promise.all([first.start(), second.start()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([first?.close(), second?.close()]);
  await server?.stop();
  await rm(backups, { recursive: true, force: true });
}, 60_000);

describe("two control planes", () => {
  it("come up at once on an empty database, and one of them leads", async () => {
    await waitUntil("one leads", async () =>
      (await statusOf(first)).control_planes.some(({ leads }) => leads),
    );
    await waitUntil("both are up", async () => (await upOf(second)).join() === "first,second");
    const planes = (await statusOf(second)).control_planes;
    expect(planes.map(({ name, is_this }) => [name, is_this])).toEqual([
      ["first", false],
      ["second", true],
    ]);
    expect(planes.filter(({ leads }) => leads)).toHaveLength(1);
  });

  it("refuse databases until an instance is registered", async () => {
    await expect(create(first, "early")).rejects.toMatchObject({ code: "Y8033" });
    await first.api<RegisteredInstance>("POST", root, {
      name: "cluster",
      dsn: server.url(),
      ca: server.caText,
    });
    expect(await second.api<RegisteredInstance[]>("GET", root)).toMatchObject([{ name: "cluster" }]);
    await expect(
      first.api("POST", "/v1/databases", { name: "own", isolation: "process" }),
    ).rejects.toMatchObject({ code: "Y8033" });
  });

  it("that has no way to an instance yet says nothing of it", async () => {
    const [{ id }] = await second.api<[RegisteredInstance]>("GET", root);
    const way = join(serverLayout(second.home, id).socketDirectory, ".s.PGSQL.5432");
    await waitUntil("it has a way", async () => existsSync(way));
    await rename(way, `${way}.away`);
    try {
      expect(await second.api("POST", "/v1/instances/cluster/check")).toMatchObject({ status: "healthy" });
    } finally {
      await rename(`${way}.away`, way);
    }
  });

  it("both serve what one has made: over HTTP, pooled and direct", async () => {
    const made = await create(first, "one");
    expect(await ask(second, made, "select 1 as one")).toEqual([{ one: 1 }]);
    for (const postern of [first, second]) {
      const urls = await postern.api<DatabaseUrls>("GET", `/v1/databases/${made.id}/urls`);
      const client = new pg.Client({ connectionString: urls.pooled });
      await client.connect();
      expect((await client.query("select 2 as two")).rows).toEqual([{ two: 2 }]);
      await client.end();
    }
  });

  it("refuse a token everywhere once it is revoked anywhere", async () => {
    const made = await create(second, "guarded");
    const path = `/v1/databases/${made.id}/tokens`;
    const { id, token } = await first.api<{ id: string; token: string }>("POST", path, { label: "short" });
    const shown = { ...made, token };
    expect(await ask(second, shown, "select 1 as one")).toEqual([{ one: 1 }]);
    await first.api("DELETE", `${path}/${id}`);
    await expect(ask(second, shown, "select 1 as one")).rejects.toMatchObject({ code: "Y2002" });
  });

  it("say where a request is held that another one is asked for", async () => {
    const made = await create(first, "held");
    const open = await first.api<{ id: string }>("POST", `/v1/db/${made.id}/requests`, {}, made.token);
    const commit = (postern: PosternHome) =>
      postern.api("POST", `/v1/db/${made.id}/requests/${open.id}/commit`, {}, made.token);
    await expect(commit(second)).rejects.toMatchObject({ code: "Y8037" });
    expect(await commit(first)).toMatchObject({ status: "committed" });
  });
});

describe("one that ends without a word", () => {
  const sql = "create table notes (id int); insert into notes values (1)";
  const files = [{ name: "20260101000000_notes.sql", sql }];
  const begin = (postern: PosternHome, name: string) =>
    postern.api<CreatedDatabase>("POST", "/v1/databases", { name });
  const operationsOf = (postern: PosternHome) =>
    postern.api<OperationInfo[]>("GET", "/v1/operations?limit=200");
  const isOpen = ({ status }: OperationInfo) => status === "pending" || status === "running";
  const leaderOf = async (postern: PosternHome) =>
    (await statusOf(postern)).control_planes.find(({ leads, status }) => leads && status === "up");

  async function allEnd(postern: PosternHome): Promise<OperationInfo[]> {
    let all: OperationInfo[] = [];
    await waitUntil(
      "all operations end",
      async () => {
        all = await operationsOf(postern);
        return !all.some(isOpen);
      },
      120_000,
    );
    return all;
  }

  /** What is in the server is what the tables say, and nothing besides. */
  async function expectTidy(postern: PosternHome): Promise<void> {
    const databases = await postern.api<DatabaseInfo[]>("GET", "/v1/databases?limit=200");
    expect(databases.filter(({ status }) => status !== "ready")).toEqual([]);
    const names = databases.map(({ id }) => id.replace("-", "_")).sort();
    const there = (await server.leftOvers()).filter((one) => one.startsWith("database db_"));
    expect(there).toEqual(names.map((name) => `database ${name}`));
  }

  it("leaves what it was at to the other, and nothing is done twice or by half", async () => {
    const leader = (await leaderOf(first))!.name;
    const [victim, survivor] = leader === "first" ? [first, second] : [second, first];
    const old = await Promise.all([1, 2, 3].map((count) => create(survivor, `old-${count}`)));
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, count) => begin(count % 2 === 0 ? victim : survivor, `many-${count}`)),
    );
    await Promise.all(
      old.map(async ({ id }) => {
        await survivor.api("POST", `/v1/databases/${id}/backups`, {});
        await survivor.api("POST", `/v1/databases/${id}/migrations`, { files });
      }),
    );
    await waitUntil(
      "some are done",
      async () => (await operationsOf(survivor)).filter(isOpen).length < 20,
      120_000,
    );
    await victim.stop("SIGKILL");
    const all = await allEnd(survivor);
    expect(all.filter(({ status }) => status !== "completed")).toEqual([]);
    await expectTidy(survivor);
    const answers = await Promise.all(made.map((one) => ask(survivor, one, "select 1 as one")));
    expect(answers).toEqual(made.map(() => [{ one: 1 }]));
    for (const one of old)
      expect(await ask(survivor, one, "select count(*)::int as n from notes")).toEqual([{ n: 1 }]);
    const heir = survivor === first ? "first" : "second";
    await waitUntil("the survivor leads", async () => (await leaderOf(survivor))?.name === heir);
    await waitUntil("the other is gone", async () => {
      const gone = (await statusOf(survivor)).control_planes.find(({ name }) => name === leader);
      return gone?.status === "gone" && !gone.leads;
    });
    await victim.start();
    await waitUntil("both are up", async () => (await upOf(victim)).join() === "first,second");
    expect(await ask(victim, made.at(-1)!, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("or stands still for a while, does not go on with what the other has taken over", async () => {
    const { pid, control_planes: planes } = await statusOf(first);
    const before = planes.find(({ is_this }) => is_this)!.id;
    const made = await Promise.all(Array.from({ length: 6 }, (_, count) => begin(first, `still-${count}`)));
    process.kill(pid, "SIGSTOP");
    try {
      await waitUntil("it is given up", async () =>
        (await statusOf(second)).control_planes.some(({ id, status }) => id === before && status === "gone"),
      );
      const all = await allEnd(second);
      expect(all.filter(({ status }) => status !== "completed")).toEqual([]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await waitUntil("it has a new place", async () => {
      const now = (await statusOf(first)).control_planes.find(({ is_this }) => is_this);
      return now?.status === "up" && now.id !== before;
    });
    expect((await operationsOf(first)).filter(({ status }) => status !== "completed")).toEqual([]);
    await expectTidy(first);
    for (const one of made) expect(await ask(first, one, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

describe("the shared database", () => {
  /** Until the database is back, what is said is that it is away. */
  async function isReady(one: CreatedDatabase): Promise<boolean> {
    const info = await first
      .api<DatabaseInfo>("GET", `/v1/databases/${one.id}`)
      .catch((error: { code: string }) => error.code);
    if (typeof info === "string") expect(info).toBe("Y4001");
    return typeof info !== "string" && info.status === "ready";
  }

  it("that is started again under load holds everything up and loses nothing", async () => {
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, count) =>
        [first, second][count % 2]!.api<CreatedDatabase>("POST", "/v1/databases", { name: `again-${count}` }),
      ),
    );
    await server.crashAndRestart();
    for (const one of made) await waitUntil("it is ready", () => isReady(one), 120_000);
    await waitUntil("both have their places", async () => (await upOf(first)).join() === "first,second");
    for (const one of made) expect(await ask(second, one, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

describe("a control plane that does not belong there", () => {
  async function startWith(
    settings: Record<string, string>,
    prepare: (postern: PosternHome) => Promise<void> = async () => {},
  ): Promise<unknown> {
    const third = await createPosternHome({ ...settingsOf("third"), POSTERN_WORKERS: "0", ...settings });
    await prepare(third);
    try {
      return await third.start().catch((error: Error) => error.message);
    } finally {
      await third.close();
    }
  }

  it("is refused for another key, and changes nothing", async () => {
    expect(await startWith({})).toMatch(/Y8031/);
    expect((await statusOf(first)).control_planes.map(({ name }) => name)).toEqual(["first", "second"]);
  });

  it("is refused where the tables are newer, or the database takes no writes", async () => {
    const admin = await server.connect({ database: "state" });
    await admin.query(
      "insert into postern.schema_migrations (name, checksum, duration_ms, no_transaction) values ('9999_of_the_future.sql', 'x', 1, false)",
    );
    expect(await startWith({}, giveKey)).toMatch(/Y8032/);
    await admin.query("delete from postern.schema_migrations where name = '9999_of_the_future.sql'");
    await admin.query("create database frozen");
    await admin.query("alter database frozen set default_transaction_read_only = on");
    expect(await startWith({ POSTERN_STATE_URL: stateUrl("frozen") })).toMatch(/Y8016/);
  });
});
