/** In charge of a Postgres as somebody else runs it: on loopback, with passwords and TLS, and an administrator who is a superuser or is none. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPath } from "../../src/runtime/own-path.ts";
import { ensureServerAccount } from "../../src/runtime/server-account.ts";
import type { Toolchain } from "../../src/runtime/toolchain.ts";
import { createAuthority } from "./test-certificates.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

export interface RegisteredServer extends TestServer {
  port: number;
  /** File of the authority's certificate. */
  ca: string;
  caText: string;
  /** Of its administrator, without parameters. */
  url(options?: { user?: string; password?: string; host?: string }): string;
  /** What of Postern's and its databases' is there. */
  leftOvers(): Promise<string[]>;
}

const password = "an administrator's secret";

/**
 * @param at where it listens, and who may come; its host name is that address then
 * @param programs of another major
 */
export async function startRegisteredServer(
  role: "superuser" | "limited",
  settings: Record<string, string> = {},
  at?: { address: string; network: string },
  programs: Partial<Toolchain> = {},
): Promise<RegisteredServer> {
  const authority = await createAuthority();
  const names = ["DNS:localhost", "IP:127.0.0.1", ...(at ? [`IP:${at.address}`] : [])];
  const files = await authority.issue("server", { names });
  const account = await ensureServerAccount();
  const folder = await mkdtemp(join(tmpdir(), "pn-reg-"));
  await ownPath(folder, account);
  const [certificate, key, rules] = ["server.pem", "server.key", "hba.conf"].map((name) =>
    join(folder, name),
  );
  await copyFile(files.certificate, certificate!);
  await copyFile(files.key, key!);
  await writeFile(
    rules!,
    `local all all trust\nhost all all ${at?.network ?? "127.0.0.1/32"} scram-sha-256\n`,
  );
  for (const file of [certificate, key, rules]) await ownPath(file!, account);
  const port = await freePort();
  const server = await startTestServer(
    {
      port: String(port),
      listen_addresses: at?.address ?? "127.0.0.1",
      hba_file: rules!,
      ssl: "on",
      ssl_cert_file: certificate!,
      ssl_key_file: key!,
      ...settings,
    },
    programs,
  );
  const admin = await server.connect();
  const rights = role === "superuser" ? "superuser" : "createdb createrole";
  await admin.query(`create role boss login ${rights} password '${password.replaceAll("'", "''")}'`);
  await admin.query(`create role weak login password 'weak secret'`);
  await admin.end();
  return Object.assign(server, {
    port,
    ca: authority.ca,
    caText: await readFile(authority.ca, "utf8"),
    url: ({ user = "boss", password: word = password, host = at?.address ?? "localhost" } = {}) =>
      `postgres://${user}:${encodeURIComponent(word)}@${host}:${port}/postgres`,
    async leftOvers() {
      const client = await server.connect();
      try {
        const { rows } = await client.query<{ name: string }>(
          `select 'database ' || datname as name from pg_database where datname ~ '^(db_|postern)'
           union all select 'role ' || rolname from pg_roles where rolname ~ '^(db_|postern|anon|authenticated)' order by 1`,
        );
        return rows.map(({ name }) => name);
      } finally {
        await client.end();
      }
    },
    stop: ((stop) => async () => {
      await stop();
      await authority.close();
      await rm(folder, { recursive: true, force: true });
    })(server.stop.bind(server)),
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
