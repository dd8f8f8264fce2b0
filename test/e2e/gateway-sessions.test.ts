/** Postgres sessions through gateways: wherever the database is, encrypted, canceled by whichever gateway, with URLs that lead there. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import type { CreatedGatewayToken } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { postgresProgram } from "../../src/runtime/toolchain.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import {
  type CertificateFiles,
  createAuthority,
  replaceFiles,
  type TestAuthority,
} from "../support/test-certificates.ts";
import { testToolchain } from "../support/toolchain.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);
let authority: TestAuthority;
let files: CertificateFiles;
let postern: PosternHome;
let server: RegisteredServer;
let token: string;
let gateways: GatewayProcess[];
const names = ["away", "shared", "own"] as const;
let psql: string;

/** As somebody whose address of Postern is the gateway's. */
const there = (gateway = gateways[0]!) => ({
  POSTERN_API_URL: gateway.url,
  POSTERN_API_KEY: key,
});
let key: string;

beforeAll(async () => {
  authority = await createAuthority();
  [files, server] = await Promise.all([authority.issue("both"), startRegisteredServer("superuser")]);
  postern = await createPosternHome({
    POSTERN_TLS_CERT: files.certificate,
    POSTERN_TLS_KEY: files.key,
    POSTERN_CA_CERT: authority.ca,
  });
  await postern.start();
  key = postern.apiKey();
  const here = { environment: { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: key } };
  const dsn = `${server.url()}?sslmode=verify-full`;
  await postern.json(
    ["admin", "instance", "register", "--name", "away", "--dsn", dsn, "--ca", server.ca],
    here,
  );
  await postern.json(["db", "create", "away", "--instance", "away"], here);
  await postern.json(["db", "create", "shared"], here);
  await postern.json(["db", "create", "own", "--class", "db.p2"], here);
  const made = await postern.json<CreatedGatewayToken>(["admin", "gateway", "token", "create", "test"], here);
  token = made.token;
  gateways = await Promise.all([begin(), begin()]);
  psql = postgresProgram(await testToolchain(), "psql");
}, 120_000);
afterAll(async () => {
  await Promise.all((gateways ?? []).map((gateway) => gateway.stop("SIGKILL")));
  await postern?.close();
  await server?.stop();
  await authority?.close();
}, 60_000);

const begin = () =>
  startGateway({ control: postern.apiUrl(), token, environment: postern.environment, args: [] });

const variablesOf = (name: string, gateway?: GatewayProcess) =>
  postern.json<Record<string, string>>(["vars", "--reveal"], {
    environment: { ...there(gateway), POSTERN_DB: name },
    // The project's folder is linked with the control plane.
    cwd: postern.home,
  });
const urlOf = async (name: string, kind: Kind, gateway?: GatewayProcess) =>
  (await variablesOf(name, gateway))[kind]!;
type Kind = "DATABASE_URL" | "DIRECT_URL";

/** Each way to each database. */
const ways = names.flatMap((name) =>
  (["DATABASE_URL", "DIRECT_URL"] as const).map((kind) => [name, kind] as [string, Kind]),
);

async function open(url: string): Promise<pg.Client> {
  const ca = await readFile(authority.ca, "utf8");
  const client = new pg.Client({
    connectionString: url.replace(/\?.*/, ""),
    ssl: { ca, rejectUnauthorized: true },
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const ask = async (url: string, sql: string): Promise<string> =>
  run(psql, ["-XAtc", sql, url], { timeout: 20_000 }).then(
    ({ stdout }) => stdout.trim(),
    (error: { stderr: string }) => error.stderr.trim(),
  );
const verified = (url: string, more = "") =>
  `${url.replace(/\?.*/, "")}?sslmode=verify-full&sslrootcert=${authority.ca}${more}`;
const codeOf = (error: { code?: string }) => error.code;

describe("through a gateway", () => {
  it.each(names)("variables of %s lead to the gateway", async (name) => {
    const { ports, url } = gateways[0]!;
    const variables = await variablesOf(name);
    expect(variables.DATABASE_URL).toMatch(
      new RegExp(`@127\\.0\\.0\\.1:${ports.pool}/\\w+\\?sslmode=require$`),
    );
    expect(variables.DIRECT_URL).toMatch(
      new RegExp(`@127\\.0\\.0\\.1:${ports.direct}/\\w+\\?sslmode=require$`),
    );
    const info = await postern.json<{ http_url: string }>(["db", "info", name], {
      environment: there(),
      cwd: postern.home,
    });
    expect(new URL(info.http_url).port).toBe(new URL(url).port);
    const own = await postern.json<{ http_url: string }>(["db", "info", name], {
      environment: { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: key },
      cwd: postern.home,
    });
    expect(new URL(own.http_url).port).toBe(new URL(postern.apiUrl()).port);
  });

  it.each(ways)(
    "%s answers at its %s, to a driver and to psql, encrypted and checked",
    async (name, kind) => {
      const url = await urlOf(name, kind);
      const client = await open(url);
      await client.query("create table if not exists notes (id serial primary key, text text)");
      await client.query("begin");
      await client.query("insert into notes (text) values ($1)", ["one"]);
      await client.query("commit");
      expect((await client.query("select count(*)::int > 0 as there from notes")).rows).toEqual([
        { there: true },
      ]);
      await client.end();
      expect(await ask(verified(url), "select current_database()")).toBe(new URL(url).pathname.slice(1));
      expect(await ask(verified(url, "&sslnegotiation=direct"), "select 1")).toBe("1");
      const other = await createAuthority();
      expect(await ask(verified(url).replace(authority.ca, other.ca), "select 1")).toContain("verify failed");
      await other.close();
    },
  );

  it.each(ways)("%s lets nobody in at its %s with a wrong password, user or database", async (name, kind) => {
    const url = await urlOf(name, kind);
    const refused =
      /password authentication failed|SASL authentication failed|no such (user|database)|no pg_hba.conf entry/;
    expect(await ask(url.replace(/:[^:@/]+@/, ":wrong@"), "select 1")).toMatch(refused);
    expect(await ask(url.replace(/\/\/\w+:/, "//postgres:"), "select 1")).toMatch(refused);
    expect(await ask(url.replace(/\/db_\w+/, "/db_000000000000"), "select 1")).toMatch(refused);
    expect(await ask(url.replace(/\/db_\w+/, "/postgres"), "select 1")).not.toBe("1");
    expect(gateways[0]!.said()).not.toContain(new URL(url).password);
  });

  it.each(ways)(
    "a statement of %s at its %s is canceled by this gateway, and by another",
    async (name, kind) => {
      for (const gateway of gateways) {
        const client = await open(await urlOf(name, kind));
        const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
        const slow = client.query("select pg_sleep(30)").catch(codeOf);
        const end = cancel(gateway.ports.pool, processID, secretKey);
        expect(await slow).toBe("57014");
        end();
        expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
        await client.end();
      }
    },
  );

  it("a database with a server of its own is woken", async () => {
    await postern.run(["db", "pause", "own"], { environment: there() });
    for (const kind of ["DIRECT_URL", "DATABASE_URL"] as const)
      expect(await ask(verified(await urlOf("own", kind)), "select 1")).toBe("1");
  });
});

/** Says it until it is heard: a statement that has not begun cannot be canceled. */
function cancel(port: number, processID: number, secret: number): () => void {
  const packet = Buffer.alloc(16);
  for (const [at, value] of [16, 80_877_102, processID, secret].entries()) packet.writeInt32BE(value, 4 * at);
  const timer = setInterval(
    () =>
      connect(port, "127.0.0.1")
        .on("error", () => {})
        .end(packet),
    200,
  );
  return () => clearInterval(timer);
}

describe("a gateway's end", () => {
  it("loses no commit that was acknowledged, at either port, and disturbs no transaction", async () => {
    const gateway = await begin();
    gateways.push(gateway);
    const admin = await open(await urlOf("away", "DIRECT_URL"));
    await admin.query("create table written (n int primary key)");
    let next = 0;
    const acknowledged: number[] = [];
    const seen = new Set<string | undefined>();
    const writer = async (url: string) => {
      const client = await open(url);
      for (;;) {
        const n = next++;
        let isCommitting = false;
        try {
          await client.query("begin");
          await client.query("insert into written values ($1)", [n]);
          isCommitting = true;
          await client.query("commit");
          acknowledged.push(n);
        } catch (error) {
          // Between transactions, where nothing is in doubt.
          expect(isCommitting).toBe(false);
          seen.add((error as { code?: string }).code);
          return;
        }
      }
    };
    const urls = [await urlOf("away", "DATABASE_URL", gateway), await urlOf("away", "DIRECT_URL", gateway)];
    const writers = Promise.all([...urls, ...urls].map(writer));
    await waitUntil("some are written", async () => acknowledged.length > 100);
    expect(await gateway.stop()).toBe(0);
    await writers;
    const { rows } = await admin.query<{ n: number }>("select n from written order by n");
    await admin.end();
    expect(rows.map(({ n }) => n)).toEqual(acknowledged.toSorted((a, b) => a - b));
    for (const code of seen) expect(["57P01", undefined]).toContain(code);
  });

  it("is said with the port where a port is taken", async () => {
    const args = ["--pool-port", String(gateways[0]!.ports.pool)];
    await expect(
      startGateway({ control: postern.apiUrl(), token, environment: postern.environment, args }),
    ).rejects.toThrow(/Y0004[\s\S]*--pool-port/);
  });
});

describe("a gateway's certificate", () => {
  it("is taken up when its files change, over HTTP and at both ports, and open sessions go on", async () => {
    const { url, ports } = gateways[0]!;
    const before = await open(await urlOf("away", "DATABASE_URL"));
    const fresh = await authority.issue("fresh");
    const expected = (await run("openssl", ["x509", "-in", fresh.certificate, "-noout", "-serial"])).stdout
      .trim()
      .replace("serial=", "");
    await replaceFiles(files, fresh);
    await waitUntil("HTTP has it", async () => (await serialOf(url)) === expected);
    for (const port of [ports.pool, ports.direct])
      await waitUntil("the port has it", async () => (await sessionSerial(port)) === expected);
    expect((await before.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await before.end();
  });
});

async function serialOf(url: string): Promise<string> {
  const ca = await readFile(authority.ca);
  return new Promise((resolve, reject) => {
    request(`${url}/health`, { ca, agent: false }, (answer) => {
      resolve((answer.socket as import("node:tls").TLSSocket).getPeerCertificate().serialNumber);
      answer.resume();
    })
      .once("error", reject)
      .end();
  });
}

async function sessionSerial(port: number): Promise<string> {
  const ca = await readFile(authority.ca);
  const socket = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["postgresql"] });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
