/** Several tokens open a database, each as far and as long as it was made for, by a real daemon with a worker in front. */
import type {
  CreatedDatabase,
  CreatedToken,
  DatabaseUrls,
  QueryResult,
  TokenInfo,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AskDaemon, daemonClient } from "../support/daemon-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let ask: AskDaemon;
let database: CreatedDatabase;
let other: CreatedDatabase;
const tokens = () => `/v1/databases/${database.id}/tokens`;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  ask = daemonClient(postern);
  database = await postern.api("POST", "/v1/databases", { name: "shop" });
  other = await postern.api("POST", "/v1/databases", { name: "other" });
  await query("create table item (id int)", database.token);
});
afterAll(() => postern.close());

const query = (sql: string, token: string, id = database.id) =>
  postern.api<QueryResult>("POST", `/v1/db/${id}/query`, { sql }, token);
const create = (input: object = {}) => postern.api<CreatedToken>("POST", tokens(), input);
const list = () => postern.api<TokenInfo[]>("GET", tokens());

describe("making tokens", () => {
  it("each opens its database and no other", async () => {
    const created = await create({ label: "ci" });
    expect(created).toMatchObject({ label: "ci", scope: "full", expires_at: null, last_used_at: null });
    expect(created.token).toMatch(/^[0-9a-f]{64}$/);
    expect((await query("select 1 as one", created.token)).rows).toEqual([{ one: 1 }]);
    await query("insert into item values (1)", created.token);
    await expect(query("select 1", created.token, other.id)).rejects.toMatchObject({ code: "Y2002" });
  });

  it("the list tells of all, and of no secret", async () => {
    const labels = (await list()).map(({ label }) => label);
    expect(labels).toContain("master");
    expect(labels).toContain("ci");
    expect(JSON.stringify(await list())).not.toMatch(/[0-9a-f]{64}/);
  });

  it("a label, a scope or a time that is none is refused", async () => {
    for (const input of [
      { label: "" },
      { label: "a\nb" },
      { label: "tok-0123456789ab" },
      { label: "x".repeat(65) },
      { scope: "all" },
      { expires_in: "soon" },
      { expires_in: "0s" },
      { expires_in: "999999w" },
      { lifetime: "1d" },
    ])
      await expect(create(input)).rejects.toMatchObject({ code: "Y1001" });
  });

  it("a token makes, lists and revokes none", async () => {
    const [{ id }] = (await list()) as [TokenInfo];
    for (const [method, path] of [
      ["GET", tokens()],
      ["POST", tokens()],
      ["DELETE", `${tokens()}/${id}`],
    ] as const) {
      const body = method === "POST" ? {} : undefined;
      await expect(postern.api(method, path, body, database.token)).rejects.toMatchObject({ code: "Y2003" });
    }
  });

  it("others' databases have no tokens to see", async () => {
    await postern.api("POST", "/v1/accounts", { username: "mallory", password: "long enough" });
    const login = { username: "mallory", password: "long enough" };
    const { api_key: key } = await postern.api<{ api_key: string }>("POST", "/v1/login", login);
    await expect(postern.api("GET", tokens(), undefined, key)).rejects.toMatchObject({ code: "Y3001" });
    await expect(postern.api("POST", tokens(), {}, key)).rejects.toMatchObject({ code: "Y3001" });
  });
});

describe("an end", () => {
  it("a revoked token opens nothing from the moment of the answer, in no process", async () => {
    const { id, token } = await create({ label: "leaked" });
    await query("select 1", token);
    const revoked = await postern.api<TokenInfo>("DELETE", `${tokens()}/${id}`);
    expect(revoked.revoked_at).not.toBeNull();
    for (let count = 0; count < 5; count++)
      await expect(query("select 1", token)).rejects.toMatchObject({ code: "Y2002" });
    await expect(postern.api("GET", `/v1/databases/${database.id}`, undefined, token)).rejects.toMatchObject({
      code: "Y2002",
    });
    expect((await list()).map((one) => one.id)).not.toContain(id);
    await expect(postern.api("DELETE", `${tokens()}/${id}`)).rejects.toMatchObject({ code: "Y3042" });
  });

  it("a label names the one that bears it, and of two neither", async () => {
    await create({ label: "twin" });
    await create({ label: "twin" });
    await expect(postern.api("DELETE", `${tokens()}/twin`)).rejects.toMatchObject({ code: "Y1001" });
    const twins = (await list()).filter(({ label }) => label === "twin");
    await postern.api("DELETE", `${tokens()}/${twins[0]!.id}`);
    expect((await postern.api<TokenInfo>("DELETE", `${tokens()}/twin`)).id).toBe(twins[1]!.id);
  });

  it("a token expires by itself", async () => {
    const { token, expires_at: expiresAt } = await create({ label: "short", expires_in: "2s" });
    expect((await query("select 1 as one", token)).rows).toEqual([{ one: 1 }]);
    await waitUntil("the token has expired", () =>
      query("select 1", token).then(
        () => false,
        (error) => error.code === "Y2002",
      ),
    );
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt!));
  });
});

describe("use", () => {
  it("is noted, of requests that a worker answers and of those that the daemon answers", async () => {
    const [byWorker, byDaemon] = [await create({ label: "by worker" }), await create({ label: "by daemon" })];
    await query("select 1", byWorker.token);
    await postern.api("GET", `/v1/databases/${database.id}`, undefined, byDaemon.token);
    await waitUntil("both are noted", async () => {
      const noted = (await list()).filter(({ last_used_at: at }) => at !== null).map(({ id }) => id);
      return noted.includes(byWorker.id) && noted.includes(byDaemon.id);
    });
  });
});

describe("a read-only token", () => {
  let reader: CreatedToken;
  beforeAll(async () => {
    reader = await create({ label: "reports", scope: "read_only" });
  });

  it("reads", async () => {
    expect((await query("select count(*)::int as n from item", reader.token)).rows).toEqual([{ n: 1 }]);
  });

  const post = (path: string, body: object, headers: Record<string, string>) =>
    fetch(`${postern.apiUrl()}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${reader.token}`,
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify(body),
    });

  it("writes by no route of SQL over HTTP, in a worker and in the daemon", async () => {
    const sql = "insert into item values (2)";
    const path = `/v1/db/${database.id}`;
    for (const [route, body] of [
      ["query", { sql }],
      ["execute", { sql }],
      ["transaction", { statements: [{ sql: "set transaction read write" }, { sql }] }],
      ["transaction", { statements: [{ sql }], read_only: false }],
    ] as const) {
      const answer = await ask(`POST ${path}/${route}`, { body, secret: reader.token });
      expect(answer, route).toMatchObject({ status: 403, body: { code: "Y3040" } });
    }
    const { pooled } = await postern.api<DatabaseUrls>("GET", `/v1/databases/${database.id}/urls`);
    const neon = { "neon-connection-string": pooled, "neon-raw-text-output": "true" };
    for (const body of [
      { query: sql, params: [] },
      {
        queries: [
          { query: "select 1", params: [] },
          { query: sql, params: [] },
        ],
      },
    ])
      expect(await (await post(`${path}/sql`, body, neon)).json()).toMatchObject({ code: "Y3040" });
    // Asked for timings, the daemon answers itself.
    const timed = await post(`${path}/execute`, { sql }, { "server-timing": "1" });
    expect(timed.status).toBe(403);
    expect((await query("select count(*)::int as n from item", database.token)).rows).toEqual([{ n: 1 }]);
  });

  it("sees its database, and neither its secrets nor what changes it", async () => {
    const path = `/v1/databases/${database.id}`;
    expect((await ask(`GET ${path}`, { secret: reader.token })).status).toBe(200);
    expect((await ask(`GET ${path}/migrations`, { secret: reader.token })).status).toBe(200);
    for (const route of [
      `GET ${path}/urls`,
      `GET ${path}/backups`,
      `POST ${path}/backups`,
      `POST ${path}/migrations`,
      `POST ${path}/rls/test`,
      `PUT ${path}/client-access`,
      `DELETE ${path}`,
      `GET /v1/databases`,
      `GET ${path}/tokens`,
    ]) {
      const body = route.startsWith("P") ? {} : undefined;
      expect((await ask(route, { body, secret: reader.token })).status, route).toBe(403);
    }
  });
});

describe("a tenant's token", () => {
  const data = (action: string, body: object, token: string) =>
    postern.api<never>("POST", `/v1/db/${database.id}/${action}`, body, token);
  const insert = { table: "orders", operation: "insert", data: { item: "anvil" } };
  let acme: CreatedToken;

  beforeAll(async () => {
    await query(
      "create table orders (id int generated always as identity primary key, tenant_id text, item text)",
      database.token,
    );
    await query("grant select, insert, update, delete on orders to authenticated", database.token);
    acme = await create({ tenant: "acme" });
  });

  it("is named by its tenant, and its making tells what is open to every tenant", async () => {
    expect(acme).toMatchObject({ tenant: "acme", label: "acme", scope: "full" });
    expect(acme.warnings).toEqual([expect.stringContaining("orders")]);
    expect((await list()).find(({ id }) => id === acme.id)).toMatchObject({ tenant: "acme" });
    expect((await list()).find(({ label }) => label === "master")).toMatchObject({ tenant: null });
  });

  it("asks as authenticated, without client access, and is nobody's user", async () => {
    const { rows } = await query(
      "select auth.tenant_id() as tenant, auth.uid() as uid, auth.jwt() as jwt, current_user::text as role",
      acme.token,
    );
    expect(rows).toEqual([{ tenant: "acme", uid: null, jwt: null, role: "authenticated" }]);
    await expect(query("create table t ()", acme.token)).rejects.toMatchObject({ code: "42601" });
    await expect(query("select * from item", acme.token)).rejects.toMatchObject({ code: "42501" });
  });

  it("has its tenant written into rows of structured queries, and stands in the log", async () => {
    const globex = await create({ tenant: "globex", label: "of globex" });
    expect(await data("records", insert, acme.token)).toMatchObject([{ tenant_id: "acme", item: "anvil" }]);
    await data("records", insert, globex.token);
    const select = { table: "orders", operation: "select", columns: ["tenant_id"] };
    expect(await data("records", select, globex.token)).toEqual([{ tenant_id: "globex" }]);
    const { mutations } = await postern.api<{ mutations: { actor: string }[] }>(
      "GET",
      `/v1/db/${database.id}/state/history?table=orders&id=1`,
      undefined,
      database.token,
    );
    expect(mutations).toMatchObject([{ actor: `tenant acme (${acme.id})` }]);
  });

  it("is held to its rows by the policies of `db rls init`, in SQL of any kind", async () => {
    const options = { environment: environment() };
    await postern.json(["db", "rls", "init", "shop", "--apply"], options);
    const sql = "select tenant_id from orders";
    expect((await query(sql, acme.token)).rows).toEqual([{ tenant_id: "acme" }]);
    expect((await query(sql, database.token)).rows).toHaveLength(2);
    const statements = [{ sql: "insert into orders (item) values ('rope') returning tenant_id" }, { sql }];
    expect(await data("transaction", { statements }, acme.token)).toMatchObject({
      results: [{ rows: [{ tenant_id: "acme" }] }, { rows: [{}, {}] }],
    });
    expect((await create({ tenant: "acme", label: "again" })).warnings).toEqual([]);
  });

  it("leaves its name and its request's id on tracked tables, by SQL as well", async () => {
    await postern.api("PUT", `/v1/databases/${database.id}/state/tables`, { table: "orders" });
    const answer = await fetch(`${postern.apiUrl()}/v1/db/${database.id}/execute`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${acme.token}`,
        "content-type": "application/json",
        "x-request-id": "by-sql",
      },
      body: JSON.stringify({ sql: "insert into orders (item) values ('saw')" }),
    });
    expect(await answer.json()).toMatchObject({ rows_affected: 1 });
    const { rows } = await query(
      "select actor, new->>'tenant_id' as tenant from postern.state_mutations where request_id = 'by-sql'",
      database.token,
    );
    expect(rows).toEqual([{ actor: `tenant acme (${acme.id})`, tenant: "acme" }]);
  });

  it("is made and listed by the command line", async () => {
    const options = { environment: environment() };
    const made = await postern.run(["db", "token", "create", "shop", "--tenant", "initech"], options);
    expect(made.stdout).toContain("initech");
    expect((await postern.run(["db", "token", "list", "shop"], options)).stdout).toMatch(
      /TENANT.*\n.*initech/,
    );
  });
});

const environment = () => ({ POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() });

describe("the command line", () => {
  it("makes, lists and revokes", async () => {
    const options = { environment: environment() };
    const args = ["--label", "from the shell", "--read-only", "--expires", "30d"];
    const created = await postern.json<CreatedToken>(["db", "token", "create", "shop", ...args], options);
    expect(created).toMatchObject({ label: "from the shell", scope: "read_only" });
    expect(Date.parse(created.expires_at!)).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    const listed = await postern.run(["db", "token", "list", "shop"], options);
    expect(listed.stdout).toContain("from the shell");
    const revoke = ["db", "token", "revoke", "from the shell", "--database", "shop"];
    expect(await postern.run(revoke, options)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--yes"),
    });
    expect((await postern.json<TokenInfo>([...revoke, "--yes"], options)).id).toBe(created.id);
  });
});
