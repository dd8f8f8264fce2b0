/** What works by --url works against a bare Postgres, with no daemon there: every command of the registry that has it. */
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { registry } from "../../src/cli/registry.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

vi.setConfig({ testTimeout: 120_000 });

/** What is typed after the command; null: another file tests it. In this order. */
const calls: Record<string, readonly string[] | null> = {
  "db exec": ["create table first (id int)"],
  "db info": [],
  "db status": [],
  "db wait": ["--status", "active"],
  "db migrate": [],
  "db migrations": [],
  "db migrations verify": [],
  "db migrations repair": ["--forget", "002_b.sql", "--yes"],
  "db schema": ["--dump"],
  "db tables": ["--table", "users"],
  "db types": [],
  "db rls": [],
  "db rls check": [],
  "db rls init": ["--table", "users"],
  "db rollback": ["--yes"],
  "db reset": ["--force"],
  "db wipe": ["--force"],
  "db connect": null,
  "db sql": ["--sql", "select count(*) from pg_tables"],
  "db rls test": null,
  "db export": null,
  "db import": null,
  "db backup download": null,
  // Runs every look; each alone is in test/postgres/inspect.
  "db inspect": [],
  "db inspect activity": null,
  "db inspect long-running": null,
  "db inspect connections": null,
  "db inspect locks": null,
  "db inspect blocking": null,
  "db inspect indexes": null,
  "db inspect seq-scans": null,
  "db inspect sizes": null,
  "db inspect bloat": null,
  "db inspect vacuum": null,
  "db inspect cache": null,
  "db inspect slow": null,
  "db inspect calls": null,
  "db advise": [],
  "db kill": null,
};

it("has a call for every command with --url", () => {
  const withUrl = registry.filter(({ options = [] }) =>
    options.some(({ flags }) => flags.startsWith("--url <url>")),
  );
  expect(withUrl.map(({ path }) => path).filter((path) => !(path in calls))).toEqual([]);
});

const olderBin = "/usr/lib/postgresql/15/bin";
const hasOlder = await access(join(olderBin, "postgres")).then(
  () => true,
  () => false,
);

describe.each([
  { name: "Postgres of the toolchain", programs: {}, skipped: false },
  {
    name: "Postgres 15",
    programs: { postgresBin: olderBin, postgresVersion: "15.test" },
    skipped: !hasOlder,
  },
])("$name", ({ programs, skipped }) => {
  let server: TestServer;
  let postern: PosternHome;
  let url: string;

  beforeAll(async () => {
    if (skipped) return;
    [server, postern] = await Promise.all([startTestServer({}, programs), createPosternHome()]);
    const database = await server.createDatabase();
    url = `postgres://test_admin@localhost/${database}?host=${encodeURIComponent(server.socketDirectory)}`;
    const directory = join(postern.project, "migrations");
    await mkdir(directory);
    await writeFile(
      join(directory, "001_users.sql"),
      "create table users (id int primary key, owner_id text);",
    );
    await writeFile(join(directory, "001_users.down.sql"), "drop table users;");
    await writeFile(join(directory, "002_b.sql"), "create table if not exists b ();");
  });
  afterAll(() => Promise.all([postern?.close(), server?.stop()]));

  it.skipIf(skipped)("answers all of them, in JSON too", async () => {
    const ends: Record<string, number | string> = {};
    for (const [path, args] of Object.entries(calls)) {
      if (args === null) continue;
      const end = await postern.run([...path.split(" "), ...args, "--url", url, "--json"]);
      ends[path] = end.code === 0 ? (JSON.parse(end.stdout) === undefined ? "no JSON" : 0) : end.stderr;
    }
    const expected = Object.entries(calls).filter(([, args]) => args !== null);
    expect(ends).toEqual(Object.fromEntries(expected.map(([path]) => [path, 0])));
  });
});
