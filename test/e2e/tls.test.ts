/** TLS everywhere: HTTP, the pooler, shared and own instances; certificates that are renewed while Postern runs. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, stat } from "node:fs/promises";
import { request } from "node:https";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { neon, neonConfig, Pool } from "@neondatabase/serverless";
import type { CreatedDatabase, DaemonStatus } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { postgresProgram } from "../../src/runtime/toolchain.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import {
  type CertificateFiles,
  createAuthority,
  replaceFiles,
  type TestAuthority,
} from "../support/test-certificates.ts";
import { testToolchain } from "../support/toolchain.ts";
import { waitUntil } from "../support/wait-until.ts";

const run = promisify(execFile);
let authority: TestAuthority;
let files: CertificateFiles;
let psql: string;

beforeAll(async () => {
  authority = await createAuthority();
  files = await authority.issue("first");
  psql = postgresProgram(await testToolchain(), "psql");
});
afterAll(() => authority.close());

async function createTlsHome(): Promise<PosternHome> {
  const postern = await createPosternHome();
  Object.assign(postern.environment, {
    POSTERN_TLS_CERT: files.certificate,
    POSTERN_TLS_KEY: files.key,
    POSTERN_CA_CERT: authority.ca,
  });
  return postern;
}

/** The answer of one statement by psql, or what psql says. */
async function ask(url: string, sql: string): Promise<string> {
  try {
    return (await run(psql, ["-XAtc", sql, url], { timeout: 20_000 })).stdout.trim();
  } catch (error) {
    return (error as { stderr: string }).stderr.trim();
  }
}

const verified = (url: string, ca = authority.ca) =>
  `${url.replace("?sslmode=require", "")}?sslmode=verify-full&sslrootcert=${ca}`;

/** Serial number of the certificate that an HTTPS server shows. */
async function servedSerial(apiUrl: string): Promise<string> {
  const socket = connect({
    host: "127.0.0.1",
    port: Number(new URL(apiUrl).port),
    servername: "localhost",
    ca: await readFile(authority.ca),
  });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

describe("with a certificate, on loopback", () => {
  let postern: PosternHome;
  let status: DaemonStatus;
  const databases: Record<string, CreatedDatabase> = {};
  const url = async (name: string, kind: string) =>
    (await postern.json<{ url: string }>(["db", "url", name, `--${kind}`, "--reveal"])).url;

  beforeAll(async () => {
    postern = await createTlsHome();
    const up = await postern.run(["up"]);
    expect([up.code, up.stderr]).toEqual([0, expect.any(String)]);
    status = await postern.json(["status"]);
    for (const [name, type] of [
      ["shared", "db.p1"],
      ["own", "db.p2"],
    ] as const) {
      databases[name] = await postern.json(["db", "create", name, "--class", type]);
    }
  });
  afterAll(() => postern.close());

  it("addresses say https, status and doctor say until when", async () => {
    expect(status.api_url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(status.listen).toMatchObject({ address: "127.0.0.1", exposed: false });
    expect(status.listen.certificate?.names).toEqual(["localhost", "127.0.0.1"]);
    expect(databases.shared!.http_url).toMatch(/^https:\/\/db-/);
    const doctor = await postern.run(["doctor"]);
    expect([doctor.code, doctor.stdout]).toEqual([
      0,
      expect.stringMatching(/✓ certificate +localhost, 127\.0\.0\.1, until/),
    ]);
    expect(doctor.stdout).toMatch(/✓ exposure +this machine only/);
  });

  it("a command line that does not know the authority says which variable names it", async () => {
    const end = await postern.run(["db", "list"], { environment: { POSTERN_CA_CERT: "" } });
    expect([end.code, end.stderr]).toEqual([9, expect.stringContaining("POSTERN_CA_CERT")]);
  });

  it("URLs and variables ask for encryption", async () => {
    const vars = await postern.json<Record<string, string>>(["vars", "--reveal"], {
      environment: { POSTERN_DB: "shared" },
    });
    expect(vars.DATABASE_URL).toMatch(/^postgres:\/\/.*@127\.0\.0\.1:\d+\/\w+\?sslmode=require$/);
    expect(vars.DIRECT_URL).toMatch(/\?sslmode=require$/);
    expect(vars.PRISMA_DATABASE_URL).toMatch(/\?sslmode=require&pgbouncer=true&connection_limit=1$/);
    expect(vars.DATABASE_HTTP_URL).toMatch(/^https:\/\//);
  });

  it.each(["shared", "own"])("psql with verify-full reaches %s by either URL, encrypted", async (name) => {
    const direct = await url(name, "direct");
    const tls = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    expect(await ask(verified(direct), tls)).toBe("TLSv1.3");
    expect(await ask(verified(await url(name, "pooled")), "select 1")).toBe("1");
    expect(await ask(direct, tls)).toBe("TLSv1.3");
  });

  it("a database that sleeps is woken with verify-full and channel binding, and checked end to end behind the gate", async () => {
    const direct = await url("own", "direct");
    const other = await createAuthority();
    const bound = (ca?: string) => `${verified(direct, ca)}&channel_binding=require`;
    const tls = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    expect((await postern.run(["db", "pause", "own"])).code).toBe(0);
    expect(await ask(bound(), tls)).toBe("TLSv1.3");
    // Awake now, and still behind the gate.
    expect(await ask(bound(), tls)).toBe("TLSv1.3");
    expect(await ask(bound(other.ca), "select 1")).toContain("certificate verify failed");
    await other.close();
    expect((await postern.run(["db", "pause", "own"])).code).toBe(0);
    expect(await ask(verified(await url("own", "pooled")), "select 1")).toBe("1");
  });

  it("psql with verify-full refuses a server that another authority vouches for", async () => {
    const other = await createAuthority();
    for (const kind of ["pooled", "direct"]) {
      expect(await ask(verified(await url("shared", kind), other.ca), "select 1")).toContain(
        "certificate verify failed",
      );
    }
    await other.close();
  });

  it("on this machine clients may still come without", async () => {
    for (const kind of ["pooled", "direct"]) {
      const plain = (await url("shared", kind)).replace("require", "disable");
      expect(await ask(plain, "select 1")).toBe("1");
    }
  });

  it("the commands that speak to Postgres themselves check it, too", async () => {
    const query = ["db", "exec", "select 41 + 1 as answer"];
    for (const mode of ["require", "verify-full"]) {
      const address = (await url("shared", "direct")).replace("require", mode);
      const end = await postern.run([...query, "--url", address]);
      expect([end.code, end.stdout]).toEqual([0, expect.stringContaining("42")]);
    }
    const asked = await postern.run(query, { environment: { POSTERN_DB: "shared" } });
    expect([asked.code, asked.stdout]).toEqual([0, expect.stringContaining("42")]);
    const other = await createAuthority();
    const distrusted = await postern.run(["db", "exec", "select 1", "--url", await url("shared", "direct")], {
      environment: { POSTERN_CA_CERT: other.ca },
    });
    expect([distrusted.code, distrusted.stderr]).toEqual([9, expect.stringMatching(/certificate/)]);
    await other.close();
  });

  it("SQL over HTTP is served at the database's own host, and nothing is served to those who speak plain HTTP", async () => {
    const { host, token } = databases.shared!;
    const port = Number(new URL(status.api_url).port);
    const ca = await readFile(authority.ca);
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = request({
        host: "127.0.0.1",
        port,
        servername: "localhost",
        ca,
        method: "POST",
        path: "/query",
        headers: { host, authorization: `Bearer ${token}`, "content-type": "application/json" },
      });
      outgoing.once("error", reject).once("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.once("end", () => resolve(text));
      });
      outgoing.end(JSON.stringify({ sql: "select 1 as one" }));
    });
    expect(JSON.parse(answer)).toMatchObject({ rows: [{ one: 1 }] });
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });

  it("the Neon driver comes by wss", async () => {
    const ca = await readFile(authority.ca);
    neonConfig.useSecureWebSocket = true;
    neonConfig.wsProxy = () => `127.0.0.1:${new URL(status.api_url).port}/v2`;
    neonConfig.webSocketConstructor = class extends WebSocket {
      constructor(address: string) {
        super(address, { ca });
        expect(address).toMatch(/^wss:/);
      }
    } as never;
    const pool = new Pool({ connectionString: await url("shared", "pooled") });
    try {
      expect((await pool.query("select $1::int + 1 as n", [1])).rows).toEqual([{ n: 2 }]);
    } finally {
      await pool.end();
    }
  });

  it("the Neon driver finds the API beside the database's host without being told", async () => {
    const ca = await readFile(authority.ca);
    const asked: string[] = [];
    neonConfig.fetchFunction = async (address: string, init: { headers: object; body: string }) => {
      asked.push(address);
      const sending = request(address, {
        ...init,
        method: "POST",
        hostname: "127.0.0.1",
        port: new URL(status.api_url).port,
        servername: "localhost",
        headers: { ...init.headers, host: new URL(address).host },
        ca,
      });
      sending.end(init.body);
      const [answer] = await once(sending, "response");
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      return new Response(Buffer.concat(chunks), { status: answer.statusCode });
    };
    const address = new URL(await url("shared", "pooled"));
    const host = new URL(databases.shared!.http_url).hostname;
    const sql = neon(`postgres://${address.username}:${address.password}@${host}${address.pathname}`);
    try {
      expect(await sql`select 1 as n`).toEqual([{ n: 1 }]);
    } finally {
      neonConfig.fetchFunction = undefined;
    }
    expect(asked).toEqual(["https://api.localhost/sql"]);
  });

  it("TLS 1.1 is refused", async () => {
    const socket = connect({
      host: "127.0.0.1",
      port: Number(new URL(status.api_url).port),
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
      rejectUnauthorized: false,
    });
    const [error] = await once(socket, "error");
    expect(String(error)).toMatch(/alert|version|protocol/i);
  });

  it("the servers' copy of the key is their user's alone", async () => {
    const { mode, uid } = await stat(join(postern.home, "tls/server.pem"));
    const servers = await stat(join(postern.home, "instances/shared/data"));
    expect([mode & 0o777, uid]).toEqual([0o600, servers.uid]);
  });

  it("Postern's own server has no TCP port and no TLS", async () => {
    const settings = await readFile(join(postern.home, "instances/system/data/postern.conf"), "utf8");
    expect(settings).toContain("listen_addresses = ''");
    expect(settings).not.toContain("ssl");
  });

  it("renewed files are served by everyone without a restart; a broken pair is not", async () => {
    const pids = await Promise.all(["shared", "pgbouncer"].map((name) => postern.serverPid(name)));
    const before = await servedSerial(status.api_url);
    const broken = await authority.issue("broken");
    const kept = `${files.key}.kept`;
    await copyFile(files.key, kept);
    await copyFile(broken.key, files.key);
    await waitUntil("the daemon tells of the broken pair", async () =>
      (await readFile(join(postern.home, "logs/daemon.log"), "utf8")).includes("does not belong to"),
    );
    expect(await servedSerial(status.api_url)).toBe(before);

    await replaceFiles(files, await authority.issue("second"));
    await waitUntil("HTTP serves the new one", async () => (await servedSerial(status.api_url)) !== before);
    const after = (await servedSerial(status.api_url)).toLowerCase();
    for (const name of ["shared", "own"]) {
      for (const kind of ["pooled", "direct"] as const) {
        const port = new URL(await url(name, kind)).port;
        await waitUntil(`${name}, ${kind}, serves the new one`, async () => {
          const { stdout } = await run("sh", [
            "-c",
            `openssl s_client -starttls postgres -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -serial`,
          ]).catch(() => ({ stdout: "" }));
          return stdout.trim().toLowerCase() === `serial=${after}`;
        });
        expect(await ask(verified(await url(name, kind)), "select 1")).toBe("1");
      }
    }
    expect(await Promise.all(["shared", "pgbouncer"].map((name) => postern.serverPid(name)))).toEqual(pids);
  });
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((entry) => entry && !entry.internal && entry.family === "IPv4")?.address;

describe("off loopback", () => {
  let postern: PosternHome;
  beforeAll(async () => {
    postern = await createPosternHome();
  });
  afterAll(() => postern.close());

  it("is refused without TLS, before anything starts", async () => {
    const end = await postern.run(["up", "--listen", "0.0.0.0"]);
    expect([end.code, end.stderr]).toEqual([2, expect.stringContaining("Y0011")]);
    expect(end.stderr).toContain("--insecure");
    await expect(stat(join(postern.home, "daemon.json"))).rejects.toThrow("ENOENT");
  });

  it("is refused by the daemon itself as well", async () => {
    postern.environment.POSTERN_LISTEN = "0.0.0.0";
    await expect(postern.start()).rejects.toThrow("Y0011");
    delete postern.environment.POSTERN_LISTEN;
  });
});

describe.skipIf(outside === undefined)("off loopback with TLS", () => {
  let postern: PosternHome;
  let names: CertificateFiles;
  beforeAll(async () => {
    postern = await createTlsHome();
    names = await authority.issue("outside", { names: [`IP:${outside}`, "DNS:localhost", "IP:127.0.0.1"] });
    Object.assign(postern.environment, { POSTERN_TLS_CERT: names.certificate, POSTERN_TLS_KEY: names.key });
  });
  afterAll(() => postern.close());

  it("other machines' addresses are admitted encrypted only, to their own database only", async () => {
    const up = await postern.run(["up", "--listen", outside!]);
    expect([up.code, up.stderr]).toEqual([0, expect.any(String)]);
    const status = await postern.json<DaemonStatus>(["status"]);
    expect(status.api_url).toContain(`https://${outside}:`);
    expect(status.listen).toMatchObject({ address: outside, exposed: true });
    const { id, name } = await postern.json<CreatedDatabase>(["db", "create", "abroad"]);
    for (const kind of ["pooled", "direct"]) {
      const { url } = await postern.json<{ url: string }>(["db", "url", name, `--${kind}`, "--reveal"]);
      expect(new URL(url).hostname).toBe(outside);
      expect(await ask(verified(url), "select 1")).toBe("1");
      expect(await ask(url.replace("require", "disable"), "select 1")).toMatch(
        /no encryption|SSL required|login rejected|no pg_hba.conf entry|no authentication method/i,
      );
      const elsewhere = url.replace(`/${id.replace("-", "_")}?`, "/postgres?");
      expect(elsewhere).not.toBe(url);
      expect(await ask(elsewhere, "select 1")).toMatch(/no pg_hba.conf entry|permission denied|no such/i);
    }
  });

  it("back on loopback nothing listens outside, also after a crash of the daemon", async () => {
    const { pid } = await postern.json<DaemonStatus>(["status"]);
    const servers = await Promise.all(["shared", "pgbouncer"].map((name) => postern.serverPid(name)));
    process.kill(pid, "SIGKILL");
    const up = await postern.run(["up"]);
    expect([up.code, up.stderr]).toEqual([0, expect.any(String)]);
    const status = await postern.json<DaemonStatus>(["status"]);
    expect(status.listen).toMatchObject({ address: "127.0.0.1", exposed: false });
    for (const address of [status.api_url, `x://${status.pool_address}`, `x://${status.direct_address}`]) {
      const socket = connect({
        host: outside!,
        port: Number(new URL(address).port),
        rejectUnauthorized: false,
      });
      const [error] = await once(socket, "error");
      expect(error).toMatchObject({ code: "ECONNREFUSED" });
    }
    const { url } = await postern.json<{ url: string }>(["db", "url", "abroad", "--reveal"], {
      // Not where it is linked with the address that it had.
      cwd: "/",
    });
    expect(await ask(verified(url), "select 1")).toBe("1");
    expect(await Promise.all(["shared", "pgbouncer"].map((name) => postern.serverPid(name)))).not.toEqual(
      servers,
    );
  });
});

describe.skipIf(outside === undefined)("off loopback with --insecure", () => {
  let postern: PosternHome;
  beforeAll(async () => {
    postern = await createPosternHome();
  });
  afterAll(() => postern.close());

  it("lets other machines in without TLS, to their own database only, and says so wherever it is asked", async () => {
    const up = await postern.run(["up", "--listen", outside!, "--insecure"]);
    expect([up.code, up.stderr]).toEqual([0, expect.any(String)]);
    const status = await postern.json<DaemonStatus>(["status"]);
    expect(status.api_url).toContain(`http://${outside}:`);
    expect(status.warnings).toEqual([expect.stringContaining("without encryption")]);
    const doctor = await postern.run(["doctor"]);
    expect([doctor.code, doctor.stdout]).toEqual([8, expect.stringMatching(/✗ exposure .*unencrypted/)]);
    const { name } = await postern.json<CreatedDatabase>(["db", "create", "abroad"]);
    for (const kind of ["pooled", "direct"]) {
      const { url } = await postern.json<{ url: string }>(["db", "url", name, `--${kind}`, "--reveal"]);
      expect(await ask(url, "select 1")).toBe("1");
      expect(await ask(url.replace(/\/db_\w+$/, "/postgres"), "select 1")).toMatch(
        /no pg_hba.conf entry|permission denied/,
      );
      expect(await ask(url.replace(/\/\/\w+:/, "//postern_admin:"), "select 1")).toMatch(
        /pg_hba.conf rejects|authentication failed|no such user/,
      );
    }
  });
});

describe("a certificate that cannot be used", () => {
  let postern: PosternHome;
  beforeAll(async () => {
    postern = await createTlsHome();
  });
  afterAll(() => postern.close());

  it("keeps Postern from starting and says why", async () => {
    const expired = await authority.issue("expired", { validity: ["20200101000000Z", "20200201000000Z"] });
    const end = await postern.run(["up"], {
      environment: { POSTERN_TLS_CERT: expired.certificate, POSTERN_TLS_KEY: expired.key },
    });
    expect([end.code, end.stderr]).toEqual([2, expect.stringMatching(/has expired[\s\S]*Y0010/)]);
  });
});
