/** A gateway beside its control plane: the same answers, forgotten permissions, a control plane that goes, and its own end. */
import { connect } from "node:net";
import type {
  CreatedDatabase,
  CreatedGatewayToken,
  CreatedToken,
  DatabaseUrls,
  GatewayInfo,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 60_000 });

let postern: PosternHome;
let server: RegisteredServer;
let gateway: GatewayProcess;
let gatewayToken: CreatedGatewayToken;
/** On the registered server, and on the control plane's own. */
let away: CreatedDatabase;
let home: CreatedDatabase;

beforeAll(async () => {
  postern = await createPosternHome();
  [server] = await Promise.all([startRegisteredServer("superuser"), postern.start()]);
  const dsn = `${server.url()}?sslmode=verify-full`;
  await postern.api("POST", "/admin/managed-db/instances", { name: "away", dsn, ca: server.caText });
  [away, home, gatewayToken] = await Promise.all([
    postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "away", instance: "away" }),
    postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "home" }),
    postern.api<CreatedGatewayToken>("POST", "/v1/gateway-tokens", { name: "test" }),
  ]);
  gateway = await begin();
}, 120_000);
afterAll(async () => {
  await gateway?.stop("SIGKILL");
  await postern?.close();
  await server?.stop();
}, 60_000);

const begin = (token = gatewayToken.token) =>
  startGateway({ control: postern.apiUrl(), token, environment: postern.environment });

interface Target {
  id: string;
  token: string;
}

interface Answer {
  status: number;
  headers: Record<string, string | null>;
  text: string;
}

/** What callers act upon; the others tell of the connection, or of the moment. */
const compared = [
  "content-type",
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-expose-headers",
  "www-authenticate",
  "retry-after",
  "vary",
  "allow",
];

async function ask(
  base: string,
  path: string,
  init: RequestInit & { duplex?: "half" } = {},
): Promise<Answer> {
  const answer = await fetch(`${base}${path}`, init);
  const text = (await answer.text())
    .replace(/"request_id":"[^"]*"/g, '"request_id":""')
    .replace(/"duration_ms":[\d.]+/g, '"duration_ms":0')
    // Databases are where they were asked for.
    .replaceAll(`.localhost:${new URL(base).port}`, ".localhost");
  const headers = Object.fromEntries(compared.map((name) => [name, answer.headers.get(name)]));
  return { status: answer.status, headers, text };
}

const json = (
  token: string | undefined,
  body: unknown,
  headers: Record<string, string> = {},
): RequestInit => ({
  method: "POST",
  headers: {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    "content-type": "application/json",
    ...headers,
  },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

const query = (base: string, { id, token }: Target, sql: string) =>
  ask(base, `/v1/db/${id}/query`, json(token, { sql }));
const ofAway = (): Target => ({ id: away.id, token: away.token! });

/** Both ways get these in this order, one after the other. */
function requests(
  { id, token }: Target,
  url: string,
): [what: string, path: string, init: () => RequestInit][] {
  const at = (action: string) => `/v1/db/${id}/${action}`;
  const plain = (what: string, action: string, body: unknown, headers?: Record<string, string>) =>
    [what, at(action), () => json(token, body, headers)] as [string, string, () => RequestInit];
  return [
    plain("a row", "query", { sql: "select 1 as one, 'two' as two, now() is not null as three" }),
    plain("parameters", "query", { sql: "select $1::int + $2 as sum", params: [1, 2] }),
    plain("rows as arrays", "query?rows=array", { sql: "select 1, 2" }),
    plain("many rows", "query", { sql: "select g, repeat('x', 100) from generate_series(1, 20000) g" }),
    plain(
      "lines",
      "query",
      { sql: "select generate_series(1, 50) as n" },
      { accept: "application/x-ndjson" },
    ),
    plain("DDL", "execute", { sql: "create table if not exists notes (id int, text text)" }),
    plain("a write", "execute", { sql: "insert into notes values (1, $1)", params: ["a"] }),
    plain("a transaction", "transaction", {
      statements: [{ sql: "insert into notes values (2, 'b')" }, { sql: "delete from notes where id = 2" }],
    }),
    plain("a transaction that fails", "transaction", {
      statements: [{ sql: "insert into notes values (3, 'c')" }, { sql: "select 1/0" }],
    }),
    plain("what it left", "query", { sql: "select count(*)::int as n from notes where id = 3" }),
    plain("a wrong statement", "query", { sql: "selec 1" }),
    plain("a statement of several", "query", { sql: "select 1; select 2" }),
    plain("a temporary table", "execute", { sql: "create temp table t (a int)" }),
    plain("what is left of it", "query", { sql: "select to_regclass('t') is null as gone" }),
    plain("no statement", "query", {}),
    plain("broken JSON", "query", "{"),
    plain("another type", "query", "select 1", { "content-type": "text/plain" }),
    plain("timings", "query", { sql: "select 1 as one" }, { "x-request-id": "abc-1" }),
    ["a wrong token", at("query"), () => json("0".repeat(64), { sql: "select 1" })],
    ["half a token", at("query"), () => json("abc", { sql: "select 1" })],
    ["no token", at("query"), () => json(undefined, { sql: "select 1" })],
    [
      "a page of another site",
      at("query"),
      () => json(undefined, { sql: "select 1" }, { origin: "https://app.test" }),
    ],
    ["an unknown database", "/v1/db/db-000000000000/query", () => json(token, { sql: "select 1" })],
    ["what is no database", "/v1/db/x/query", () => json(token, { sql: "select 1" })],
    ["a GET", at("query"), () => ({ headers: { authorization: `Bearer ${token}` } })],
    [
      "a preflight",
      at("query"),
      () => ({
        method: "OPTIONS",
        headers: { origin: "https://app.test", "access-control-request-method": "POST" },
      }),
    ],
    ["records", at("records"), () => json(token, { table: "notes", operation: "select" })],
    [
      "Neon's way",
      at("sql"),
      () => json(undefined, { query: "select 1 as one", params: [] }, { "neon-connection-string": url }),
    ],
    [
      "Neon's way with a wrong password",
      at("sql"),
      () =>
        json(undefined, { query: "select 1" }, { "neon-connection-string": url.replace(/:[^:@/]+@/, ":x@") }),
    ],
    [
      "the control plane",
      "/v1/databases",
      () => ({ headers: { authorization: `Bearer ${postern.apiKey()}` } }),
    ],
    ["nothing", "/nowhere", () => ({})],
  ];
}

describe("a gateway", () => {
  it("gives the answers that the daemon gives, wherever the database is", async () => {
    for (const database of [away, home]) {
      const target = { id: database.id, token: database.token! };
      const { direct } = await postern.api<DatabaseUrls>("GET", `/v1/databases/${database.id}/urls`);
      for (const [what, path, init] of requests(target, direct)) {
        const [there, here] = [
          await ask(postern.apiUrl(), path, init()),
          await ask(gateway.url, path, init()),
        ];
        expect(here, `${database.name}: ${what}`).toEqual(there);
      }
    }
  });

  it("keeps the sessions of registered databases itself, and nobody's password in what it tells", async () => {
    const { text } = await query(
      gateway.url,
      ofAway(),
      "select count(*)::int as n from pg_stat_activity where datname = current_database()",
    );
    expect(JSON.parse(text).rows[0].n).toBeGreaterThan(0);
    expect(JSON.stringify(await postern.api("GET", "/v1/gateways"))).not.toContain("gw_");
    const [known] = await postern.api<GatewayInfo[]>("GET", "/v1/gateways");
    expect(known).toMatchObject({ status: "connected", address: gateway.url, token: "test" });
    expect(gateway.said()).not.toContain(gatewayToken.token);
  });

  it("tells how it is, and its metrics to who has its token", async () => {
    expect(await ask(gateway.url, "/health")).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect((await ask(gateway.url, "/metrics")).status).toBe(401);
    const metrics = await ask(gateway.url, "/metrics", {
      headers: { authorization: `Bearer ${gatewayToken.token}` },
    });
    expect(metrics.text).toContain("postern_gateway_control_up 1");
  });

  it("tells how it is by HTTP/1.0 too, as load balancers ask", async () => {
    const { hostname, port } = new URL(gateway.url);
    const heard = await new Promise<string>((resolve, reject) => {
      let text = "";
      connect(Number(port), hostname)
        .on("data", (part) => (text += part))
        .on("close", () => resolve(text))
        .on("error", reject)
        .write("GET /health HTTP/1.0\r\n\r\n");
    });
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\{"status":"ok"\}$/);
  });

  it("believes nobody who says that he is a gateway, or another", async () => {
    const headers = { "x-postern-gateway": `gw_${"0".repeat(64)}`, "x-postern-gateway-peer": "9.9.9.9" };
    const asked = json(home.token!, { sql: "select 1" }, headers);
    expect(await ask(postern.apiUrl(), `/v1/db/${home.id}/query`, asked)).toMatchObject({ status: 401 });
    expect(await ask(gateway.url, `/v1/db/${home.id}/query`, asked)).toMatchObject({ status: 200 });
    const body = JSON.stringify({ what: "place", argument: away.id });
    for (const authorization of [`Bearer ${postern.apiKey()}`, `Bearer ${away.token}`, "Bearer gw_x"])
      expect(
        await ask(postern.apiUrl(), "/v1/gateway/ask", {
          method: "POST",
          headers: { authorization, "content-type": "application/json" },
          body,
        }),
      ).toMatchObject({ status: 401, text: expect.stringContaining("Y8050") });
  });

  it("leads a WebSocket on to the control plane", async () => {
    const opened = await new Promise((resolve) => {
      const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/v2`);
      socket.on("open", () => resolve("open")).on("error", (error) => resolve(error.message));
      socket.on("open", () => socket.terminate());
    });
    expect(opened).toBe("open");
  });

  it("lets clients in while the control plane does, with their rights", async () => {
    const target = { id: away.id, token: undefined as never };
    const asClient = () =>
      ask(
        gateway.url,
        `/v1/db/${away.id}/query`,
        json(undefined, { sql: "select auth.role() as role" }, { origin: "https://app.test" }),
      );
    expect(await asClient()).toMatchObject({ status: 401 });
    const path = `/v1/databases/${target.id}/client-access`;
    await postern.api("PUT", path, {});
    const answer = await asClient();
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('"role":"anon"') });
    expect(answer.headers["access-control-allow-origin"]).toBe("*");
    await postern.api("DELETE", path);
    expect(await asClient()).toMatchObject({ status: 401 });
  });

  it("refuses a revoked token at once, and goes on after a new password", async () => {
    const made = await postern.api<CreatedToken>("POST", `/v1/databases/${away.id}/tokens`, {
      label: "short",
    });
    const target = { id: away.id, token: made.token };
    expect(await query(gateway.url, target, "select 1")).toMatchObject({ status: 200 });
    await postern.api("DELETE", `/v1/databases/${away.id}/tokens/${made.id}`);
    expect(await query(gateway.url, target, "select 1")).toMatchObject({ status: 401 });
    await postern.api("POST", `/v1/databases/${away.id}/reset-password`, {});
    // Sessions that are open go on: only as many as there are more of need the new one.
    const several = Array.from({ length: 12 }, () => query(gateway.url, ofAway(), "select pg_sleep(0.05)"));
    expect((await Promise.all(several)).map(({ status }) => status)).toEqual(several.map(() => 200));
  });
});

describe("a gateway and its end", () => {
  it("is not let in with a token that is none, and says so", async () => {
    await expect(begin(`gw_${"1".repeat(64)}`)).rejects.toThrow("Y8050");
    await expect(begin("")).rejects.toThrow("Y8053");
  });

  it("answers nothing any more when its own token is revoked", async () => {
    const made = await postern.api<CreatedGatewayToken>("POST", "/v1/gateway-tokens", { name: "short" });
    const other = await begin(made.token);
    try {
      expect(await query(other.url, ofAway(), "select 1")).toMatchObject({ status: 200 });
      await postern.api("DELETE", "/v1/gateway-tokens/short");
      await waitUntil(
        "it answers nothing",
        async () => (await query(other.url, ofAway(), "select 1")).status === 503,
      );
      expect(await ask(other.url, "/health")).toMatchObject({ status: 503 });
    } finally {
      await other.stop();
    }
  });

  it("answers what is under way when it is told to end, and takes nothing more", async () => {
    const other = await begin();
    const slow = query(other.url, ofAway(), "select pg_sleep(1.5), 1 as done");
    await waitUntil("it runs", async () => {
      const { text } = await query(
        gateway.url,
        ofAway(),
        "select count(*)::int as n from pg_stat_activity where query like 'select pg_sleep(1.5)%'",
      );
      return JSON.parse(text).rows[0].n > 0;
    });
    const ended = other.stop();
    expect(await slow).toMatchObject({ status: 200, text: expect.stringContaining('"done":1') });
    expect(await ended).toBe(0);
    await expect(query(other.url, ofAway(), "select 1")).rejects.toThrow();
    const names = (await postern.api<GatewayInfo[]>("GET", "/v1/gateways")).map(({ address }) => address);
    expect(names).not.toContain(other.url);
  });

  it("loses no write that it has acknowledged when it is killed", async () => {
    const other = await begin();
    await query(gateway.url, ofAway(), "create table written (n int primary key)");
    const acknowledged: number[] = [];
    let next = 0;
    const writer = async () => {
      for (;;) {
        const n = next++;
        const answer = await query(other.url, ofAway(), `insert into written values (${n})`).catch(
          () => undefined,
        );
        if (!answer) return;
        if (answer.status === 200) acknowledged.push(n);
      }
    };
    const writers = Promise.all(Array.from({ length: 4 }, writer));
    await waitUntil("some are written", async () => acknowledged.length > 200);
    await other.stop("SIGKILL");
    await writers;
    const { text } = await query(gateway.url, ofAway(), "select n from written");
    const written = new Set(JSON.parse(text).rows.map(({ n }: { n: number }) => n));
    expect(acknowledged.filter((n) => !written.has(n))).toEqual([]);
  });

  it("is honest while its control plane is gone, and recovers with it", async () => {
    await postern.stop("SIGKILL");
    await waitUntil(
      "it answers nothing",
      async () => (await query(gateway.url, ofAway(), "select 1")).status === 503,
    );
    const answer = await query(gateway.url, ofAway(), "select 1");
    expect(answer).toMatchObject({ text: expect.stringContaining("Y8051") });
    expect(answer.headers["retry-after"]).toBe("1");
    expect(await query(gateway.url, { id: home.id, token: home.token! }, "select 1")).toMatchObject({
      status: 503,
    });
    expect(await ask(gateway.url, "/health")).toMatchObject({ status: 503 });
    await postern.start();
    await waitUntil(
      "it answers",
      async () => (await query(gateway.url, ofAway(), "select 1")).status === 200,
    );
    expect(await ask(gateway.url, "/health")).toMatchObject({ status: 200 });
  });
});
