/** Control planes over one database: begun at once, killed, cut off, and refused where they do not belong. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CreatedDatabase, DaemonStatus, DatabaseUrls, RegisteredInstance } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 120_000 });

const root = "/admin/managed-db/instances";
let server: RegisteredServer;
let first: PosternHome;
let second: PosternHome;

const stateUrl = (name: string, query = "sslmode=verify-full") =>
  `${server.url().replace(/\/postgres$/, `/${name}`)}?${query}`;
const settingsOf = (name: string) => ({
  POSTERN_STATE_URL: stateUrl("state"),
  POSTERN_STATE_CA_FILE: server.ca,
  POSTERN_CONTROL_NAME: name,
  POSTERN_WORKERS: "1",
});
const statusOf = (postern: PosternHome) => postern.api<DaemonStatus>("GET", "/v1/status");
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
  server = await startRegisteredServer("superuser");
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
}, 60_000);

describe("two control planes", () => {
  it("come up at once on an empty database, and one of them leads", async () => {
    await waitUntil("one leads", async () =>
      (await statusOf(first)).control_planes.some(({ leads }) => leads),
    );
    const planes = (await statusOf(second)).control_planes;
    expect(planes.map(({ name, status, is_this }) => [name, status, is_this])).toEqual([
      ["first", "up", false],
      ["second", "up", true],
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
});
