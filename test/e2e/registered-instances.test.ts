/** Servers that somebody else runs: registered, used for all that a database can do, lost and found again, and given back. */
import type {
  BackupInfo,
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  MutationRecord,
  OperationInfo,
  RegisteredInstance,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import { rowsOf } from "../support/session.ts";
import { startTestIssuer, type TestIssuer } from "../support/test-issuer.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate } from "../support/write-gate.ts";

// Whole lives of databases: a busy machine takes its time over them.
vi.setConfig({ testTimeout: 180_000 });

const root = "/admin/managed-db/instances";
const roles = ["superuser", "limited"] as const;
let postern: PosternHome;
let issuer: TestIssuer;
const servers = {} as Record<(typeof roles)[number], RegisteredServer>;

beforeAll(async () => {
  postern = await createPosternHome();
  const starting = roles.map(async (role) => {
    servers[role] = await startRegisteredServer(role);
  });
  [issuer] = await Promise.all([startTestIssuer(), postern.start(), ...starting]);
}, 120_000);
afterAll(async () => {
  await postern.close();
  await Promise.all([issuer.close(), ...Object.values(servers).map((server) => server.stop())]);
}, 60_000);

const api = <Result>(method: string, path: string, body?: unknown) => postern.api<Result>(method, path, body);
const register = (body: object) => api<RegisteredInstance>("POST", root, body);
const create = (body: object) => api<CreatedDatabase>("POST", "/v1/databases", body);
const infoOf = (ref: string) => api<DatabaseInfo>("GET", `/v1/databases/${ref}`);
const urlsOf = (ref: string) => api<DatabaseUrls>("GET", `/v1/databases/${ref}/urls`);

async function finished(operation: OperationInfo): Promise<OperationInfo> {
  let now = operation;
  await waitUntil(
    `${operation.kind} ends`,
    async () => {
      now = await api<OperationInfo>("GET", `/v1/operations/${operation.id}?wait=5`);
      return now.status !== "pending" && now.status !== "running";
    },
    120_000,
  );
  expect(now, JSON.stringify(now.error)).toMatchObject({ status: "completed" });
  return now;
}

const sqlOf = ({ id }: { id: string }, sql: string, token: string) =>
  api2<{ rows: Record<string, unknown>[] }>(`/v1/db/${id}/query`, { sql }, token).then(({ rows }) => rows);

/** Over the data plane, with a token of its own. */
async function api2<Result>(path: string, body: unknown, token: string): Promise<Result> {
  return postern.api<Result>("POST", path, body, token);
}

describe("registering", () => {
  it("refuses what cannot be reached safely, and says why", async () => {
    const { port } = servers.superuser;
    const url = servers.superuser.url();
    const cases: [body: object, code: string][] = [
      [{ dsn: "mysql://a:b@c/d" }, "Y8010"],
      [{ dsn: "postgres://a:b@169.254.169.254/postgres" }, "Y8011"],
      [{ dsn: `postgres://a:b@[::ffff:169.254.169.254]:${port}/postgres` }, "Y8011"],
      [{ dsn: `postgres://a:b@0.0.0.0:${port}/postgres` }, "Y8011"],
      [{ dsn: `${url}?sslmode=disable` }, "Y8013"],
      [{ dsn: `${url}?sslmode=verify-full` }, "Y8013"],
      [{ dsn: servers.superuser.url({ password: "wrong" }) }, "Y8014"],
      [{ dsn: servers.superuser.url({ user: "weak", password: "weak secret" }) }, "Y8017"],
      [{ dsn: "postgres://a:b@127.0.0.1:1/postgres" }, "Y8012"],
      [{ dsn: url, max_connections: 10_000 }, "Y8024"],
    ];
    for (const [body, code] of cases)
      await expect(register({ name: "refused", ...body }), JSON.stringify(body)).rejects.toMatchObject({
        code,
      });
    expect(await api(`GET`, root)).toEqual([]);
    expect(await servers.superuser.leftOvers()).toEqual([]);
  });

  it("takes one with a superuser and one without, and tells nobody their passwords", async () => {
    for (const role of roles) {
      const { caText: ca } = servers[role];
      const dsn = `${servers[role].url()}?sslmode=verify-full`;
      const found = await register({ name: role, dsn, ca, labels: { rights: role } });
      expect(found).toMatchObject({
        status: "healthy",
        superuser: role === "superuser",
        tls: "verify-full",
        databases: 0,
      });
      expect(JSON.stringify(found)).not.toContain("secret");
    }
    const end = await postern.run(["admin", "instance", "list"], {
      environment: { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() },
    });
    expect(end.stdout).toMatch(/superuser +healthy[\s\S]*limited +healthy/);
    await expect(register({ name: "again", dsn: servers.limited.url() })).rejects.toMatchObject({
      code: "Y8018",
    });
    const own = `postgres://boss:x@127.0.0.1:${new URL((await urlsOf((await create({ name: "at-home" })).id)).direct).port}/postgres`;
    await expect(register({ name: "own", dsn: own })).rejects.toMatchObject({ code: /Y8013|Y8014/ });
  });

  it("is for administrators only", async () => {
    const login = { username: "member", password: "correct horse" };
    await api("POST", "/v1/accounts", login);
    const { api_key: key } = await api<{ api_key: string }>("POST", "/v1/login", login);
    for (const [method, path] of [
      ["GET", root],
      ["POST", root],
      ["DELETE", "/v1/instances/limited"],
    ] as const)
      await expect(postern.api(method, path, method === "POST" ? {} : undefined, key)).rejects.toMatchObject({
        code: "Y2003",
      });
  });
});

describe.each(roles)("a database where Postern's role is %s", (role) => {
  const name = `life-${role}`;
  let db: CreatedDatabase;
  let token: string;
  const sql = (text: string) => sqlOf(db, text, token);

  it("is created there, and answers over HTTP, pooled and directly", async () => {
    db = await create({ name, instance: role });
    token = db.token;
    expect(db).toMatchObject({ isolation: "external", status: "ready", external_instance: { name: role } });
    await api2(
      `/v1/db/${db.id}/transaction`,
      {
        statements: [
          { sql: "create table notes (id int primary key, owner text default auth.uid(), body text)" },
          { sql: "alter table notes enable row level security" },
          {
            sql: "create policy own on notes to authenticated using (owner = auth.uid()) with check (owner = auth.uid())",
          },
          { sql: "grant select, insert, update on notes to authenticated" },
          { sql: "insert into notes select g, 'alice', 'n' || g from generate_series(1, 20) g" },
        ],
      },
      token,
    );
    const urls = await urlsOf(db.id);
    expect(new URL(urls.direct).port).toBe(String(servers[role].port));
    for (const url of [urls.pooled, `${urls.direct.replace("require", "no-verify")}`])
      expect(await rowsOf(url, "select count(*)::int as notes from notes")).toEqual([{ notes: 20 }]);
  });

  it("keeps its tenants apart, and believes no identity that is not proven", async () => {
    const other = await create({ name: `other-${role}`, instance: role });
    const { direct } = await urlsOf(other.id);
    const elsewhere = direct
      .replace(`/${other.database}?`, `/${db.database}?`)
      .replace("require", "no-verify");
    await expect(rowsOf(elsewhere, "select 1")).rejects.toMatchObject({ code: "42501" });
    await finished(await api("DELETE", `/v1/databases/${other.id}?skip_snapshot=true`));

    await api("PUT", `/v1/databases/${db.id}/client-access`, { issuer: issuer.url });
    const [alice, bob] = [await issuer.sign({ sub: "alice" }), await issuer.sign({ sub: "bob" })];
    const count = "select auth.uid() as uid, (select count(*)::int from notes) as notes";
    expect(await sqlOf(db, count, alice)).toEqual([{ uid: "alice", notes: 20 }]);
    expect(await sqlOf(db, count, bob)).toEqual([{ uid: "bob", notes: 0 }]);
    // What bob may write of alice's words is worth nothing, and what he empties neither.
    for (const slot of ["", "postern\u001falice\u001f{}", `${"0".repeat(64)}postern\u001falice\u001f{}`]) {
      const forged = `with forged as materialized (select set_config('postern.identity', '${slot}', true) as it)
        select auth.uid() as uid from forged where it is not null`;
      const said = await sqlOf(db, forged, bob).catch((error: { code: string }) => error.code);
      expect(["42501", "Y1009", JSON.stringify([{ uid: "bob" }])]).toContain(
        typeof said === "string" ? said : JSON.stringify(said),
      );
    }
  });

  it("records changes, and is backed up, proven, restored and branched", async () => {
    await api("PUT", `/v1/databases/${db.id}/state/tables`, { table: "notes" });
    await sql("update notes set body = 'changed' where id = 1");
    const history = await postern.api<MutationRecord[]>(
      "GET",
      `/v1/db/${db.id}/state/history?table=notes&id=1`,
      undefined,
      token,
    );
    expect(JSON.stringify(history)).toContain("changed");
    await finished(await api("POST", `/v1/databases/${db.id}/backups`, {}));
    const [backup] = await api<[BackupInfo]>("GET", `/v1/databases/${db.id}/backups`);
    await finished(await api("POST", `/v1/backups/${backup.id}/verify`));
    expect(await api("GET", `/v1/backups/${backup.id}`)).toMatchObject({
      verification: { status: "verified" },
    });
    await sql("delete from notes where id > 5");
    await finished(
      await api("POST", `/v1/databases/${db.id}/restore`, {
        backup_id: backup.id,
        skip_safety_snapshot: true,
      }),
    );
    expect(await sql("select count(*)::int as notes from notes")).toEqual([{ notes: 20 }]);
    const branch = await api<CreatedDatabase>("POST", `/v1/databases/${db.id}/branches`, {
      name: `${name}-b`,
    });
    await waitUntil("the branch is ready", async () => (await infoOf(branch.id)).status === "ready", 60_000);
    expect(await rowsOf((await urlsOf(branch.id)).pooled, "select count(*)::int as n from notes")).toEqual([
      { n: 20 },
    ]);
    await finished(await api("DELETE", `/v1/databases/${branch.id}?skip_snapshot=true`));
  });

  it("says what is not done there", async () => {
    const path = `/v1/databases/${db.id}`;
    for (const [method, what, body] of [
      ["POST", "pause", undefined],
      ["PUT", "point-in-time", {}],
      ["POST", "scale", { class: "db.p2" }],
      ["POST", "upgrade", { to: "18" }],
    ] as const)
      await expect(api(method, `${path}/${what}`, body)).rejects.toMatchObject({ code: "Y8023" });
  });

  it("gets new credentials, and comes back after it was destroyed", async () => {
    const before = await urlsOf(db.id);
    const rotated = await api<{ token: string; operation_id: string }>(
      "POST",
      `/v1/databases/${db.id}/rotate-credentials`,
      {},
    );
    token = rotated.token;
    await waitUntil("the new password counts", () =>
      urlsOf(db.id).then(
        async ({ pooled }) => (await rowsOf(pooled, "select 1 as one")).length === 1,
        () => false,
      ),
    );
    await expect(rowsOf(before.direct.replace("require", "no-verify"), "select 1")).rejects.toMatchObject({
      code: "28P01",
    });
    await finished(await api("DELETE", `/v1/databases/${db.id}`));
    expect(await servers[role].leftOvers()).not.toContain(`database ${db.database}`);
    await finished(await api("POST", `/v1/databases/${db.id}/undelete`));
    expect(await sql("select count(*)::int as notes from notes")).toEqual([{ notes: 20 }]);
  });
});

describe("placing", () => {
  it("counts places, asks for labels, and keeps away from what is drained", async () => {
    const labelled = await create({ name: "labelled", instance_labels: { rights: "limited" } });
    expect(labelled.external_instance).toMatchObject({ name: "limited" });
    await expect(create({ name: "nowhere", instance_labels: { rights: "none" } })).rejects.toMatchObject({
      code: "Y8022",
    });
    await expect(create({ name: "unknown", instance: "no-such" })).rejects.toMatchObject({ code: "Y8020" });
    expect(await api("POST", "/v1/instances/limited/drain", {})).toMatchObject({ status: "draining" });
    await expect(create({ name: "late", instance: "limited" })).rejects.toMatchObject({ code: "Y8022" });
    expect(await api("POST", "/v1/instances/limited/drain", { draining: false })).toMatchObject({
      status: "healthy",
    });
    await finished(await api("DELETE", `/v1/databases/${labelled.id}?skip_snapshot=true`));
  });
});

describe("a server that has trouble", () => {
  it("is told of, with its databases, and is well again by itself", async () => {
    const ref = "life-limited";
    const server = servers.limited;
    await server.halt();
    expect(await api("POST", "/v1/instances/limited/check")).toMatchObject({
      status: "unreachable",
      code: "Y8012",
    });
    expect(await infoOf(ref)).toMatchObject({
      status: "unreachable",
      healthy: false,
      external_instance: { status: "unreachable" },
    });
    await expect(create({ name: "late", instance: "limited" })).rejects.toMatchObject({ code: "Y8022" });
    const { warnings } = await api<{ warnings: string[] }>("GET", "/v1/status");
    expect(warnings.join()).toContain("Instance limited is unreachable");
    await server.start();
    await waitUntil("it is well again", async () => (await infoOf(ref)).status === "ready", 60_000);

    const admin = await server.connect();
    await admin.query("alter system set default_transaction_read_only = on");
    await admin.query("select pg_reload_conf()");
    await waitUntil(
      "it takes no writes",
      async () =>
        (await api<RegisteredInstance>("POST", "/v1/instances/limited/check")).status === "read_only",
    );
    expect(await infoOf(ref)).toMatchObject({ status: "read_only" });
    await admin.query("alter system reset default_transaction_read_only");
    await admin.query("select pg_reload_conf()");
    await admin.end();
    await waitUntil("it takes writes again", async () => (await infoOf(ref)).status === "ready", 60_000);
  });

  it("and that goes away in the middle of a creation, holds it up and no more", async () => {
    const server = servers.superuser;
    const gate = await installWriteGate(postern);
    await gate.closeAfter("create_database", "database");
    const creating = await api<CreatedDatabase>("POST", "/v1/databases?wait=false", {
      name: "held-up",
      instance: "superuser",
    });
    await waitUntil("its database is made", () => gate.isReached(), 60_000);
    await server.halt();
    await gate.open("commit");
    await server.start();
    await waitUntil("it is ready", async () => (await infoOf(creating.id)).status === "ready", 90_000);
    await gate.end();
  });
});

describe("a daemon that is killed", () => {
  it.each([
    ["create_database", "database"],
    ["destroy_database", "data"],
  ])(
    "in the middle of %s leaves nothing half made",
    async (kind, step) => {
      const gate = await installWriteGate(postern);
      await gate.closeAfter(kind, step);
      const id =
        kind === "create_database"
          ? (
              await api<CreatedDatabase>("POST", "/v1/databases?wait=false", {
                name: "cut-off",
                instance: "limited",
              })
            ).id
          : (await api<OperationInfo>("DELETE", "/v1/databases/cut-off?skip_snapshot=true")).database_id!;
      await waitUntil(`the step ${step}`, () => gate.isReached(), 60_000);
      await postern.stop("SIGKILL");
      await gate.open("rollback");
      await gate.end();
      await postern.start();
      if (kind === "create_database") {
        await waitUntil("it is ready", async () => (await infoOf(id)).status === "ready", 60_000);
        expect(await rowsOf((await urlsOf(id)).pooled, "select 1 as one")).toEqual([{ one: 1 }]);
        return;
      }
      const name = id.replace("-", "_");
      await waitUntil(
        "nothing of it is left",
        async () => !(await servers.limited.leftOvers()).some((entry) => entry.includes(name)),
        60_000,
      );
    },
    150_000,
  );
});

describe("deregistering", () => {
  it("is refused while databases are there, and leaves the server as it was", async () => {
    for (const role of roles) {
      const path = `/v1/instances/${role}`;
      await expect(api("DELETE", path)).rejects.toMatchObject({ code: "Y8021" });
      for (const { id, external_instance: place } of await api<DatabaseInfo[]>("GET", "/v1/databases"))
        if (place?.name === role)
          await finished(await api("DELETE", `/v1/databases/${id}?skip_snapshot=true`));
      expect(await api("DELETE", path)).toMatchObject({ name: role, left_behind: false });
      expect(await servers[role].leftOvers()).toEqual([]);
    }
    expect(await api("GET", root)).toEqual([]);
  });
});
