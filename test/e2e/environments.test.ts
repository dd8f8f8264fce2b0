/** Projects, environments and their databases, with the real daemon and the real command line. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  ApplyResult,
  BackupInfo,
  DatabaseInfo,
  EnvironmentInfo,
  ManagedValues,
  OperationInfo,
  ProjectInfo,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
});
afterAll(() => postern.close());

const db = { class: "db.p1", engine: "postgres" };
const apply = (environment: string, services: object = { db }, more: object = {}) =>
  postern.api<ApplyResult>("POST", "/v1/apply", { project: "shop", environment, services, ...more });

/** Carries all that an apply has begun to its end. */
async function applied(environment: string, services: object = { db }) {
  const result = await apply(environment, services);
  for (const { operations } of result.services)
    for (const { id } of operations)
      await waitUntil("it is done", async () => {
        const { status, error } = await postern.api<OperationInfo>("GET", `/v1/operations/${id}`);
        if (status === "failed") throw new Error(JSON.stringify(error));
        return status === "completed";
      });
  return result;
}

const managed = (environment: string) =>
  postern.api<DatabaseInfo>("GET", `/projects/shop/envs/${environment}/db/managed`);

describe("applying a manifest's databases", () => {
  it("a plan makes nothing, not even the project", async () => {
    const plan = await apply("staging", { db }, { plan: true });
    expect(plan).toMatchObject({ project_id: null, plan: true, services: [{ action: "create" }] });
    expect(await postern.api<ProjectInfo[]>("GET", "/v1/projects")).toEqual([]);
  });

  it("each environment gets a database of its own at first, and keeps it afterwards", async () => {
    const [staging, production] = await Promise.all([applied("staging"), applied("production")]);
    expect(staging).toMatchObject({ protected: false, services: [{ action: "create", class: "db.p1" }] });
    expect(production).toMatchObject({ protected: true });
    expect(staging.services[0]!.database!.name).toBe("shop-staging");
    expect(staging.services[0]!.database!.id).not.toBe(production.services[0]!.database!.id);
    const again = await applied("staging");
    expect(again.services).toMatchObject([
      { action: "keep", database: staging.services[0]!.database, operations: [] },
    ]);
  });

  it("two at once make one database", async () => {
    const results = await Promise.all([apply("twice"), apply("twice"), apply("twice")]);
    expect(new Set(results.map(({ services }) => services[0]!.database!.id)).size).toBe(1);
    await applied("twice");
    expect((await managed("twice")).status).toBe("ready");
  });

  it("a change of the backup policy is planned, then done, then gone from the plan", async () => {
    const services = { db: { ...db, backup: { schedule: "0 */6 * * *", retention: "90d" } } };
    const changes = [
      { field: "schedule", from: null, to: "0 */6 * * *" },
      { field: "retention", from: null, to: "90d" },
    ];
    expect((await apply("staging", services, { plan: true })).services).toMatchObject([
      { action: "change", changes },
    ]);
    await applied("staging", services);
    expect(await postern.api("GET", "/projects/shop/envs/staging/db/backup-status")).toMatchObject({
      schedule: "0 */6 * * *",
      retention: "90d",
    });
    expect((await apply("staging", services, { plan: true })).services).toMatchObject([
      { action: "keep", changes: [], notes: [] },
    ]);
    // What the manifest takes back goes back to the class's.
    expect((await applied("staging")).services).toMatchObject([{ action: "change" }]);
    expect(await postern.api("GET", "/projects/shop/envs/staging/db/backup-status")).toMatchObject({
      own: [],
    });
  });

  it("what was changed by hand stays, and is told", async () => {
    await postern.api("PUT", "/v1/databases/shop-staging/backup-policy", { retention: "3d" });
    await applied("staging", { db: { ...db, backup: { retention: "9d" } } });
    await postern.api("PUT", "/v1/databases/shop-staging/backup-policy", { retention: "3d" });
    const { services } = await apply("staging", { db: { ...db, backup: { retention: "9d" } } });
    expect(services[0]).toMatchObject({ action: "keep", changes: [] });
    expect(services[0]!.notes[0]).toContain("by hand");
  });

  it("a service that the manifest drops is left as it is", async () => {
    const two = await applied("two", { db, events: db });
    expect(two.services.map(({ database }) => database!.name)).toEqual(["shop-two", "shop-two-events"]);
    const one = await applied("two");
    expect(one.services).toMatchObject([{ action: "keep" }, { action: "leave", service: "events" }]);
    const environment = await postern.api<EnvironmentInfo>("GET", "/v1/projects/shop/envs/two");
    expect(environment.services).toMatchObject([
      { service: "db", in_manifest: true },
      { service: "events", in_manifest: false, database: { status: "ready" } },
    ]);
  });

  it("refuses a version that cannot be had, before anything is made", async () => {
    const services = { db, old: { ...db, engine_version: "9.6" } };
    await expect(apply("never", services)).rejects.toMatchObject({ code: "Y3009" });
    await expect(postern.api("GET", "/v1/projects/shop/envs/never")).rejects.toMatchObject({ code: "Y7004" });
  });

  it("refuses names that cannot be", async () => {
    await expect(apply("No Way")).rejects.toMatchObject({ code: "Y7007" });
    await expect(apply("a", { db }, { project: "Shop!" })).rejects.toMatchObject({ code: "Y7007" });
    await expect(apply("a", { db: { ...db, class: "db.p9" } })).rejects.toMatchObject({ code: "Y1001" });
  });
});

describe("the database of an environment", () => {
  it("is what commands find by --env", async () => {
    const ended = await postern.run(["db", "info", "--env", "staging", "--project", "shop", "--json"]);
    expect(ended.stderr).toBe("");
    expect(JSON.parse(ended.stdout)).toMatchObject({
      name: "shop-staging",
      environment: { project: "shop", name: "staging", service: "db", protected: false },
    });
  });

  it("is found by POSTERN_ENV and by the project that the folder is linked to", async () => {
    await postern.json(["project", "link", "shop"]);
    const environment = { POSTERN_ENV: "twice" };
    expect(await postern.json(["db", "info"], { environment })).toMatchObject({ name: "shop-twice" });
    expect(await postern.json(["env", "list"])).toHaveLength(4);
  });

  it("with several services it is db, or the one that is named", async () => {
    const events = await postern.json(["db", "info", "--env", "two", "--service", "events"]);
    expect(events).toMatchObject({ name: "shop-two-events" });
    const missing = await postern.run(["db", "info", "--env", "two", "--service", "evens"]);
    expect(missing.code).toBe(5);
    expect(missing.stderr).toContain("It has: db, events.");
  });

  it("an environment that is not there is told with those that are", async () => {
    const ended = await postern.run(["db", "info", "--env", "stagng"]);
    expect(ended).toMatchObject({ code: 5 });
    expect(ended.stderr).toContain("It has: production, staging, twice, two.");
    expect(await postern.run(["db", "info", "shop-two", "--env", "two"])).toMatchObject({ code: 2 });
  });

  it("has a token that stays the same until credentials are rotated", async () => {
    const path = "/v1/projects/shop/envs/staging/services/db/values";
    const read = () => postern.api<ManagedValues>("GET", path);
    const [first, second] = await Promise.all([read(), read()]);
    expect(second.token).toBe(first.token);
    const query = (token: string) =>
      postern.api("POST", `/v1/db/${first.id}/query`, { sql: "select 1 as one" }, token);
    expect(await query(first.token)).toMatchObject({ rows: [{ one: 1 }] });
    await postern.api("POST", "/projects/shop/envs/staging/db/managed/rotate", {});
    await expect(query(first.token)).rejects.toMatchObject({ code: "Y2002" });
    const next = await read();
    expect(next.token).not.toBe(first.token);
    expect(next.password).not.toBe(first.password);
    expect(await query(next.token)).toMatchObject({ rows: [{ one: 1 }] });
  });

  it("gives programs its variables", async () => {
    const script = "console.log(process.env.DATABASE_ID, process.env.DATABASE_TOKEN.length)";
    const ended = await postern.run(["run", "--env", "staging", "--", "node", "-e", script]);
    expect(ended.stderr).toBe("");
    expect(ended.stdout).toBe(`${(await managed("staging")).id} 64\n`);
  });

  it("is not seen by another account", async () => {
    await postern.run(["register", "-u", "bob", "--json"], {
      environment: { POSTERN_PASSWORD: "bobs-own-pass" },
    });
    const { api_key: key } = await postern.api<{ api_key: string }>("POST", "/v1/login", {
      username: "bob",
      password: "bobs-own-pass",
    });
    for (const path of ["/v1/projects/shop", "/projects/shop/envs/staging/db/managed"])
      await expect(postern.api("GET", path, undefined, key)).rejects.toMatchObject({ code: "Y7003" });
    expect(await postern.api("GET", "/v1/projects", undefined, key)).toEqual([]);
  });
});

describe("a protected environment", () => {
  it("wants its name beside --force before its data is destroyed", async () => {
    for (const command of [
      ["db", "destroy", "--env", "production", "--force"],
      ["db", "destroy", "shop-production", "-y"],
      ["db", "wipe", "--env", "production", "--force", "--confirm", "staging"],
    ]) {
      const ended = await postern.run(command);
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain("--confirm production");
    }
    await postern.json(["db", "wipe", "--env", "production", "--force", "--confirm", "production"]);
  });

  it("can be any, and be one no longer", async () => {
    await postern.json(["env", "protect", "two"]);
    expect((await postern.run(["db", "wipe", "--env", "two", "--force"])).code).toBe(2);
    expect((await postern.run(["env", "unprotect", "two"])).code).toBe(2);
    await postern.json(["env", "unprotect", "two", "--confirm", "two"]);
    await postern.json(["db", "wipe", "--env", "two", "--force"]);
  });
});

describe("backups across environments", () => {
  it("one environment's goes into another where it is said which", async () => {
    await postern
      .json(["db", "sql", "--env", "production", "--write", "--sql", "create table sold (n int)"])
      .catch(() => postern.json(["db", "exec", "create table sold (n int)", "-d", "shop-production"]));
    const { id } = await postern.json<BackupInfo>(["db", "snapshot", "--env", "production"]);
    const restore = ["db", "restore", "--env", "staging", "--snapshot", id, "--force"];
    const refused = await postern.run(restore);
    expect(refused.stderr).toContain("--source-env production");
    const wrong = await postern.run([...restore, "--source-env", "two"]);
    expect(wrong.stderr).toContain("is no backup of two");
    await postern.json([...restore, "--source-env", "production"]);
    const { pooled } = await postern.api<ManagedValues>(
      "GET",
      "/v1/projects/shop/envs/staging/services/db/values",
    );
    expect(pooled).toContain("postgres://");
    const listed = await postern.api<BackupInfo[]>("GET", "/projects/shop/envs/production/db/snapshots");
    expect(listed.map((backup) => backup.id)).toContain(id);
    const path = (environment: string) => `/projects/shop/envs/${environment}/db/snapshots/${id}`;
    await expect(postern.api("GET", path("staging"))).rejects.toMatchObject({ code: "Y6001" });
    const { url } = await postern.api<{ url: string }>("GET", `${path("production")}/download`);
    expect((await fetch(url)).status).toBe(200);
    await postern.api("DELETE", path("production"));
  });
});

describe("the end of an environment's database", () => {
  it("leaves the environment, which gets a new one", async () => {
    const before = await managed("twice");
    await postern.api("DELETE", "/projects/shop/envs/twice/db/managed");
    await waitUntil("it is done", async () => {
      const { services } = await postern.api<EnvironmentInfo>("GET", "/v1/projects/shop/envs/twice");
      return services.length === 0;
    });
    const { services } = await applied("twice");
    expect(services).toMatchObject([{ action: "create" }]);
    expect((await managed("twice")).id).not.toBe(before.id);
  });

  it("a daemon that is killed while it makes one finishes it, and it is found again", async () => {
    const begun = await apply("cut");
    await postern.stop("SIGKILL");
    await postern.start();
    const again = await applied("cut");
    expect(again.services[0]!.database).toEqual(begun.services[0]!.database);
    expect((await managed("cut")).status).toBe("ready");
  });
});

describe("the manifest of docs/manifest.md", () => {
  const directory = () => join(postern.project, "example");
  const run = (...args: string[]) => postern.run(args, { cwd: directory() });

  it("is applied as it stands there", async () => {
    const document = await readFile(new URL("../../docs/manifest.md", import.meta.url), "utf8");
    const text = /```yaml\n(.*?)```/s.exec(document)![1]!.replace("name: shop", "name: example");
    await mkdir(directory());
    await writeFile(join(directory(), "postern.yaml"), text);
    expect(await run("manifest", "check")).toMatchObject({ code: 0 });
    const plan = await run("apply", "--env", "production", "--project", "example", "--plan", "--exit-code");
    expect(plan).toMatchObject({ code: 8, stdout: "  + db  create  db.p1\n" });
    const applied = await run("apply", "--env", "production", "--project", "example", "--json");
    expect(applied.stderr).toBe("");
    expect(JSON.parse(applied.stdout)).toMatchObject({ project: "example", protected: true });
    const status = await run("db", "backup-status", "--env", "production", "--project", "example", "--json");
    expect(JSON.parse(status.stdout)).toMatchObject({ schedule: "0 */6 * * *", retention: "90d" });
  });

  it("takes no environment that it does not declare, and tells its mistakes", async () => {
    const typo = await run("apply", "--env", "prodution");
    expect(typo.code).toBe(5);
    expect(typo.stderr).toContain('Did you mean "production"?');
    await writeFile(join(directory(), "postern.yaml"), "services:\n  db:\n    x-postern: {rolle: a}\n");
    const broken = await run("apply", "--env", "staging");
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain('postern.yaml:3:17  services.db.x-postern.rolle: unknown key "rolle"');
  });

  it("can be checked by editors", async () => {
    const answer = await fetch(`${postern.apiUrl()}/manifest.schema.json`);
    expect(await answer.json()).toMatchObject({ title: "postern.yaml" });
  });
});

describe("where new databases are disabled", () => {
  it("apply says so, and what is there can be used", async () => {
    await postern.stop("SIGTERM");
    postern.environment.POSTERN_PROVISIONING = "off";
    await postern.start();
    await expect(apply("fresh")).rejects.toMatchObject({ code: "Y7009" });
    expect((await applied("cut")).services).toMatchObject([{ action: "keep" }]);
  });
});

describe("postern init", () => {
  it("writes what a project begins with, links the folder, and overwrites nothing", async () => {
    const cwd = join(postern.project, "begins");
    await mkdir(cwd);
    await writeFile(join(cwd, ".gitignore"), "dist\n.env");
    const made = await postern.json<{ written: string[]; project_id: string }>(["init", "begins"], { cwd });
    expect(made.written).toEqual(["postern.yaml", "db/migrations/", ".gitignore"]);
    expect(await readFile(join(cwd, ".gitignore"), "utf8")).toBe("dist\n.env\n.postern/\nnode_modules/\n");
    expect((await postern.run(["manifest", "check"], { cwd })).code).toBe(0);
    expect(await postern.json(["project", "show"], { cwd })).toMatchObject({ id: made.project_id });
    await writeFile(join(cwd, "postern.yaml"), "name: mine\n");
    expect(await postern.json(["init", "--local"], { cwd })).toMatchObject({ name: "mine", written: [] });
    expect(await readFile(join(cwd, "postern.yaml"), "utf8")).toBe("name: mine\n");
  });

  it("writes a service where there is a start script, and takes no name that a project cannot have", async () => {
    const cwd = join(postern.project, "starts");
    await mkdir(cwd);
    await writeFile(join(cwd, "package.json"), JSON.stringify({ scripts: { start: "node server.js" } }));
    const wrong = await postern.run(["init", "No Name", "--local"], { cwd });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("No Name") });
    await postern.json(["init", "--local"], { cwd });
    const checked = await postern.run(["manifest", "check"], { cwd });
    expect(checked).toMatchObject({ code: 0, stderr: expect.stringContaining("2 services") });
  });
});

describe("the list of databases", () => {
  it("tells which environment each of them belongs to", async () => {
    const { stdout } = await postern.run(["db", "list"]);
    expect(stdout).toContain("shop/staging");
  });
});
