/** The command line against the real daemon, with the screens that its documentation shows. */
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackupInfo, CreatedDatabase, DaemonStatus, DatabaseInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;

beforeAll(async () => {
  postern = await createPosternHome();
});
afterAll(() => postern.close());

const folder = async (name: string, files: Record<string, string> = {}): Promise<string> => {
  const directory = join(postern.project, name);
  await mkdir(join(directory, "migrations"), { recursive: true });
  for (const [file, sql] of Object.entries(files)) await writeFile(join(directory, "migrations", file), sql);
  return directory;
};

describe("postern up, status, down", () => {
  it("starts, says so again, and shows what runs", async () => {
    const first = await postern.run(["up"]);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/API +http:\/\/127\.0\.0\.1:\d+/);
    const again = await postern.run(["up"]);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("running already")]);
    const status = await postern.json<DaemonStatus>(["status"]);
    expect(status.status).toBe("ready");
    expect(status.services.map((service) => service.name)).toEqual(["system", "shared", "pgbouncer"]);
    const config = join(postern.environment.POSTERN_CONFIG_DIR!, "config.json");
    expect((await stat(config)).mode & 0o777).toBe(0o600);
  });

  it("is healthy in the doctor's eyes", async () => {
    const end = await postern.run(["doctor"]);
    expect([end.code, end.stdout.includes("✗")]).toEqual([0, false]);
  });

  it("refuses what has no key", async () => {
    const { api_url } = await postern.json<DaemonStatus>(["status"]);
    for (const path of ["/v1/databases", "/v1/status", "/v1/operations"]) {
      const answer = await fetch(`${api_url}${path}`);
      expect([path, answer.status]).toEqual([path, 401]);
    }
    const end = await postern.run(["db", "list"], {
      environment: { POSTERN_API_KEY: `pk_${"0".repeat(64)}` },
    });
    expect(end.code).toBe(4);
  });
});

describe("postern db", () => {
  it("creates, lists, shows and links a database", async () => {
    const cwd = await folder("first");
    const created = await postern.run(["db", "create", "--name", "my-app-db"], { cwd });
    expect(created.stderr).toContain("✓ Created database my-app-db");
    expect(created.stderr).toContain("✓ Token saved to .postern/config.json");
    const id = /db-[0-9a-f]{12}/.exec(created.stdout)![0];
    const link = join(cwd, ".postern", "config.json");
    const { token } = JSON.parse(await readFile(link, "utf8")) as { token: string };
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(created.stdout).not.toContain(token);
    expect((await stat(link)).mode & 0o777).toBe(0o600);
    expect(await readFile(join(cwd, ".postern", ".gitignore"), "utf8")).toContain("*");
    const list = await postern.run(["db", "ls"], { cwd });
    expect(list.stdout).toMatch(new RegExp(`^• my-app-db +ready .*${id}`, "m"));
    const info = await postern.run(["db", "info", id], { cwd });
    expect(info.stdout).toMatch(/^Database my-app-db/);
    expect(info.stdout).toMatch(/Status +ready/);
    expect((await postern.json<DatabaseInfo>(["db", "status"], { cwd })).id).toBe(id);
  });

  it("runs SQL with the grid, counts and errors of its documentation", async () => {
    const cwd = join(postern.project, "first");
    await postern.run(["db", "exec", "CREATE TABLE users (id int primary key, name text, email text)"], {
      cwd,
    });
    const insert = await postern.run(
      ["db", "exec", "INSERT INTO users VALUES (1, 'Alice', 'alice@co.com');"],
      { cwd },
    );
    expect(insert.stdout).toMatch(/^1 row affected · \d+ms\n$/);
    const select = await postern.run(["db", "exec", "SELECT * FROM users;"], { cwd });
    expect(select.stdout).toMatch(
      /^id │ name +│ email *\n───┼─+┼─+\n1 +│ Alice │ alice@co\.com *\n\n\(1 row\)\n\n\d+ms\n$/,
    );
    const returning = await postern.run(
      ["db", "exec", "DELETE FROM users WHERE id = $1 RETURNING name", "--param", "1"],
      { cwd },
    );
    expect(returning.stdout).toContain("Alice");
    const wrong = await postern.run(["db", "exec", "SELECT nmae FROM users"], { cwd });
    expect(wrong.code).toBe(7);
    expect(wrong.stderr).toMatch(/42703[\s\S]*SELECT nmae FROM users\n\s*│ {8}\^/);
    const json = await postern.run(["db", "exec", "SELEC 1", "--json"], { cwd });
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "42601" } });
  });

  it("migrates with the lines of its documentation, and points at a failure", async () => {
    const cwd = await folder("migrating", {
      "001_create_users.sql": "create table users (id int primary key);",
      "002_add_posts.sql":
        "create table posts (id int);\ninsert into posts values (1);\n\nselect missing from posts;\n",
      "003_add_indexes.sql": "create index on users (id);",
    });
    await postern.run(["db", "create", "migrating"], { cwd });
    const failed = await postern.run(["db", "migrate"], { cwd });
    expect(failed.code).toBe(7);
    expect(failed.stdout).toMatch(/✓ 001_create_users\.sql +\d+ms/);
    expect(failed.stdout).toMatch(
      /✗ 002_add_posts\.sql +line 4: 42703 column "missing" does not exist\n\s+4 │ select missing from posts;\n\s+│ {8}\^/,
    );
    expect(failed.stdout).toMatch(/○ 003_add_indexes\.sql +not run/);
    const status = await postern.run(["db", "migrate", "--status", "--exit-code"], { cwd });
    expect([status.code, status.stdout.match(/2 pending migrations/)?.length]).toEqual([8, 1]);
    await writeFile(join(cwd, "migrations", "002_add_posts.sql"), "create table posts (id int);\n");
    const mended = await postern.run(["db", "migrate"], { cwd });
    expect(mended.stderr).toContain("› Running 2 pending migrations");
    expect(mended.stderr).toContain("✓ 2 migrations applied");
    expect((await postern.run(["db", "migrate"], { cwd })).stderr).toContain(
      "✓ All 3 migrations already applied",
    );
    await writeFile(
      join(cwd, "migrations", "001_create_users.sql"),
      "create table users (id bigint primary key);",
    );
    const drift = await postern.run(["db", "migrate"], { cwd });
    expect([drift.code, drift.stderr.includes("001_create_users.sql was changed")]).toEqual([6, true]);
  });

  it("migrates any Postgres by its address with the same engine", async () => {
    const cwd = await folder("by-address", { "001_t.sql": "create table t (id int);" });
    const { id } = await postern.json<CreatedDatabase>(["db", "create", "by-address"], {
      cwd: await folder("unlinked"),
    });
    const url = (await postern.run(["db", "url", id, "--direct", "--reveal"])).stdout.trim();
    const end = await postern.run(["db", "migrate", "--url", url], { cwd });
    expect([end.code, end.stderr]).toEqual([0, expect.stringContaining("✓ 1 migration applied")]);
    expect((await postern.run(["db", "migrations", "--url", url], { cwd })).stdout).toContain("001_t.sql");
  });

  it("backs up, restores, downloads and deletes", async () => {
    const cwd = join(postern.project, "first");
    await postern.run(["db", "exec", "INSERT INTO users VALUES (7, 'Kept', 'k@co.com')"], { cwd });
    const created = await postern.run(["db", "backup", "create"], { cwd });
    expect(created.stderr).toContain("✓ Backup created");
    expect(created.stdout).toMatch(/ID +bkp-[0-9a-f]{8}[\s\S]*Created +\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    const id = /bkp-[0-9a-f]{8}/.exec(created.stdout)![0];
    expect((await postern.run(["db", "backup", "list"], { cwd })).stdout).toMatch(
      new RegExp(`^• ${id} +manual +\\d{4}-`, "m"),
    );
    await postern.run(["db", "exec", "DROP TABLE users"], { cwd });
    const asked = await postern.run(["db", "backup", "restore", id], { cwd });
    expect([asked.code, asked.stderr.includes("--yes")]).toEqual([2, true]);
    expect((await postern.run(["db", "backup", "restore", id, "-y"], { cwd })).code).toBe(0);
    expect((await postern.run(["db", "exec", "SELECT name FROM users"], { cwd })).stdout).toContain("Kept");
    const file = join(cwd, "out.dump");
    expect((await postern.run(["db", "snapshot", "download", id, "--output", file], { cwd })).code).toBe(0);
    expect((await readFile(file)).subarray(0, 5).toString()).toBe("PGDMP");
    expect((await postern.run(["db", "backup", "rm", id, "--force"], { cwd })).code).toBe(0);
    const left = await postern.json<BackupInfo[]>(["db", "snapshots", "--limit", "10"], { cwd });
    expect(left.map((backup) => [backup.kind, backup.id === id])).toEqual([["safety", false]]);
  });

  it("gives programs their variables, and keeps their names for itself", async () => {
    const cwd = join(postern.project, "first");
    const run = await postern.run(
      [
        "run",
        "--",
        process.execPath,
        "-e",
        "console.log(Object.keys(process.env).filter((n) => /^(DATABASE|DIRECT|PRISMA_DATABASE)_/.test(n)).sort().join())",
      ],
      { cwd },
    );
    expect(run.stdout.trim()).toBe(
      "DATABASE_HOST,DATABASE_HTTP_URL,DATABASE_ID,DATABASE_TOKEN,DATABASE_URL,DIRECT_URL,PRISMA_DATABASE_URL",
    );
    expect((await postern.run(["run", "--", process.execPath, "-e", "process.exit(3)"], { cwd })).code).toBe(
      3,
    );
    const refused = await postern.run(["run", "--", "true"], {
      cwd,
      environment: { DATABASE_URL: "postgres://mine" },
    });
    expect([refused.code, refused.stderr.includes("Y8002")]).toEqual([2, true]);
    await writeFile(join(cwd, ".env"), "MINE=1\n");
    expect((await postern.run(["vars", "--pull", ".env"], { cwd })).code).toBe(0);
    const text = await readFile(join(cwd, ".env"), "utf8");
    expect(text).toMatch(/^MINE=1\n/);
    expect(text).toMatch(/^DATABASE_URL=.*postgres:\/\//m);
    expect((await stat(join(cwd, ".env"))).mode & 0o777).toBe(0o600);
    expect((await postern.run(["vars"], { cwd })).stdout).not.toMatch(/DATABASE_TOKEN='?[0-9a-f]{64}/);
  });

  it("opens the real psql", async () => {
    const cwd = join(postern.project, "first");
    const end = await postern.run(["db", "connect", "--psql"], { cwd, input: "select 40 + 2 as answer;\n" });
    expect([end.code, end.stdout.includes("42")]).toEqual([0, true]);
  });

  it("provisions with a user and a password of one's own, by the rules for both", async () => {
    const cwd = await folder("provisioned");
    const short = await postern.run(["db", "provision", "inst_a", "-U", "ab"], {
      cwd,
      environment: { POSTERN_DB_PASSWORD: "long enough" },
    });
    expect([short.code, short.stderr.includes("Y3006")]).toEqual([2, true]);
    const weak = await postern.run(["db", "provision", "inst_a", "-U", "app_user"], {
      cwd,
      environment: { POSTERN_DB_PASSWORD: "short" },
    });
    expect([weak.code, weak.stderr.includes("Y2006")]).toEqual([2, true]);
    const made = await postern.run(["db", "provision", "inst_a", "-U", "app_user"], {
      cwd,
      environment: { POSTERN_DB_PASSWORD: "long enough" },
    });
    expect(made.code).toBe(0);
    const url = new URL(
      (await postern.run(["db", "url", "inst_a", "--pooled", "--reveal"], { cwd })).stdout.trim(),
    );
    expect([url.username, decodeURIComponent(url.password)]).toEqual(["app_user", "long enough"]);
  });

  it("destroys only when told to, and brings back", async () => {
    const cwd = await folder("doomed");
    await postern.run(["db", "create", "doomed"], { cwd });
    await postern.run(["db", "exec", "CREATE TABLE t AS SELECT 5 AS a"], { cwd });
    const asked = await postern.run(["db", "destroy", "doomed"], { cwd });
    expect([asked.code, asked.stderr.includes("This will destroy all data.")]).toEqual([2, true]);
    expect((await postern.run(["db", "rm", "doomed", "-y"], { cwd })).code).toBe(0);
    expect((await postern.run(["db", "info", "doomed"], { cwd: postern.home })).code).toBe(5);
    expect((await postern.run(["db", "undelete", "doomed"], { cwd })).code).toBe(0);
    expect((await postern.run(["db", "exec", "-d", "doomed", "SELECT a FROM t"], { cwd })).stdout).toContain(
      "5",
    );
  });

  it("names what is wrong with names and flags", async () => {
    const cases: [string[], number, string][] = [
      [["db", "create", "Bad Name!"], 2, "Y3003"],
      [["db", "create", "my-app-db"], 6, "Y3002"],
      [["db", "info", "nobody-knows-it"], 5, "Y3001"],
      [["db", "info", "--db-id", "db-000000000000"], 2, "--token"],
      [["db", "craete"], 2, "create"],
      [["db", "backup", "show", "bkp-00000000"], 5, "Y6001"],
    ];
    for (const [args, code, text] of cases) {
      const end = await postern.run(args);
      expect([args.join(" "), end.code]).toEqual([args.join(" "), code]);
      expect(end.stderr).toContain(text);
    }
  });
});

describe("accounts", () => {
  it("register, log in, see only their own databases, log out", async () => {
    const config = join(postern.project, "second-user");
    const made = await postern.run(["register", "-u", "ada"], {
      environment: { POSTERN_PASSWORD: "correct horse" },
    });
    expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
    const environment = {
      POSTERN_CONFIG_DIR: config,
      POSTERN_PASSWORD: "correct horse",
      POSTERN_API_URL: (await postern.json<DaemonStatus>(["status"])).api_url,
    };
    expect(
      (
        await postern.run(["login", "-u", "ada"], {
          environment: { ...environment, POSTERN_PASSWORD: "wrong horse" },
        })
      ).code,
    ).toBe(4);
    expect((await postern.run(["login", "-u", "ada"], { environment })).code).toBe(0);
    expect((await postern.run(["whoami"], { environment })).stdout).toContain("ada (member)");
    expect(await postern.json<DatabaseInfo[]>(["db", "list"], { environment })).toEqual([]);
    expect((await postern.run(["db", "info", "my-app-db"], { environment, cwd: postern.home })).code).toBe(5);
    expect((await postern.run(["logout"], { environment })).code).toBe(0);
    expect((await postern.run(["whoami"], { environment })).code).toBe(4);
  });
});

describe("postern down", () => {
  it("stops everything, twice without complaint, and data stays", async () => {
    expect((await postern.run(["down"])).code).toBe(0);
    expect((await postern.run(["down"])).code).toBe(0);
    expect((await postern.run(["status"])).code).toBe(9);
    await postern.run(["up"]);
    const end = await postern.run(["db", "exec", "SELECT name FROM users"], {
      cwd: join(postern.project, "first"),
    });
    expect(end.stdout).toContain("Kept");
  });

  it("stops what a killed daemon has left, and says so", async () => {
    const { pid } = await postern.json<{ pid: number }>(["status"]);
    process.kill(pid, "SIGKILL");
    await waitUntil("the daemon is gone", async () => (await postern.run(["status"])).code === 9);
    const end = await postern.run(["down"]);
    expect(end.code).toBe(0);
    expect(end.stdout + end.stderr).toMatch(
      /The daemon was gone; 2 servers that it left running have stopped/,
    );
    expect(await postern.json(["down"])).toMatchObject({ stopped: false, servers_left: 0 });
  });
});
