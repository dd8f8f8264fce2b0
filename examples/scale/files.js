/** In charge of what each program is told. What is here is what real hosts need as well. */
import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { addressOf, clients, controls, gateways, hosts, network, server } from "./hosts.js";

const run = promisify(execFile);

/** Of the API, of pooled connections and of direct ones: the balancer passes them on under the same numbers. */
export const ports = { http: 5480, pooled: 6432, direct: 5433 };

/** @param {readonly string[]} names */
const listOf = (names, port = ports.http) =>
  names.map((host) => `https://${addressOf(host)}:${port}`).join(",");

/** An authority of its own, and a certificate for each host. The balancer only passes bytes, so gateways have its name too. @param {string} directory */
export async function makeCertificates(directory) {
  const folder = join(directory, "tls");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const openssl = (/** @type {string[]} */ ...words) => run("openssl", words, { cwd: folder });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650"];
  await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Fleet");
  for (const host of hosts) {
    const names = gateways.includes(host) ? [host, clients] : [host];
    const alternatives = `subjectAltName=${names.map((name) => `IP:${addressOf(name)}`).join(",")}`;
    const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", alternatives];
    const files = ["-keyout", `${host}.key`, "-out", `${host}.pem`, "-subj", `/CN=${host}`];
    await openssl(
      "req",
      "-x509",
      ...key,
      ...signed,
      ...files,
      "-addext",
      "basicConstraints=critical,CA:FALSE",
    );
  }
}

/** @param {string} directory @param {{ uid: number, gid: number }} account of Postgres */
export async function writeServerFiles(directory, { uid, gid }) {
  const own = join(directory, server);
  const at = (/** @type {string} */ name) => join(own, name);
  const settings = {
    listen_addresses: addressOf(server),
    unix_socket_directories: own,
    hba_file: at("pg_hba.conf"),
    max_connections: "300",
    ssl: "on",
    ssl_cert_file: at("server.pem"),
    ssl_key_file: at("server.key"),
  };
  const tls = join(directory, "tls");
  await run("install", [
    "-m",
    "600",
    "-o",
    `${uid}`,
    "-g",
    `${gid}`,
    join(tls, `${server}.key`),
    at("server.key"),
  ]);
  await run("install", [
    "-m",
    "600",
    "-o",
    `${uid}`,
    "-g",
    `${gid}`,
    join(tls, `${server}.pem`),
    at("server.pem"),
  ]);
  await writeFile(at("pg_hba.conf"), `hostssl all all ${network} scram-sha-256\n`);
  await chmod(at("pg_hba.conf"), 0o644);
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** @param {{ directory: string, password: string, settings: Record<string, string> }} facts @param {string} host */
export const controlEnvironment = ({ directory, password, settings }, host) => ({
  POSTERN_HOME: join(directory, host, "home"),
  POSTERN_CONFIG_DIR: join(directory, host, "config"),
  POSTERN_CONTROL_NAME: host,
  POSTERN_STATE_URL: `postgres://postgres:${password}@${addressOf(server)}:5432/postern?sslmode=verify-full`,
  POSTERN_STATE_CA_FILE: join(directory, "tls/ca.pem"),
  POSTERN_MASTER_KEY_FILE: join(directory, "master.key"),
  // A folder that all control planes mount; S3 is the other way.
  POSTERN_BACKUP_DIR: join(directory, "backups"),
  POSTERN_LISTEN: addressOf(host),
  // Names by which gateways and the balancer are called: what they forward has them.
  POSTERN_HOSTS: [...gateways, clients].map(addressOf).join(","),
  POSTERN_TLS_CERT: join(directory, `tls/${host}.pem`),
  POSTERN_TLS_KEY: join(directory, `tls/${host}.key`),
  POSTERN_CA_CERT: join(directory, "tls/ca.pem"),
  ...settings,
});

/** @param {{ directory: string, token: string, settings: Record<string, string> }} facts @param {string} host */
export const gatewayEnvironment = ({ directory, token, settings }, host) => ({
  // The nearest first; the other when that is away.
  POSTERN_CONTROL: listOf(host === gateways[0] ? controls : controls.toReversed()),
  POSTERN_GATEWAY_TOKEN: token,
  POSTERN_CA_CERT: join(directory, "tls/ca.pem"),
  POSTERN_LISTEN: addressOf(host),
  POSTERN_TLS_CERT: join(directory, `tls/${host}.pem`),
  POSTERN_TLS_KEY: join(directory, `tls/${host}.key`),
  ...settings,
});

/** Of whoever is at the applications' host: an administrator, by the balancer. @param {{ directory: string, key: string }} facts */
export const clientEnvironment = ({ directory, key }) => ({
  POSTERN_API_URL: `https://${addressOf(clients)}:${ports.http}`,
  POSTERN_API_KEY: key,
  POSTERN_CA_CERT: join(directory, "tls/ca.pem"),
  POSTERN_CONFIG_DIR: join(directory, clients, "config"),
});

/** By the control planes' own addresses. @param {{ directory: string, key: string }} facts */
export const adminEnvironment = (facts) => ({
  ...clientEnvironment(facts),
  POSTERN_API_URL: listOf(controls),
});

/** Whoever drains says so by /health, gets nobody new, and keeps whom it has. @param {string} directory */
export function renderHaproxy(directory) {
  const check = `check port ${ports.http} check-ssl verify required ca-file ${join(directory, "tls/ca.pem")}`;
  const listen = (/** @type {[string, number]} */ [name, port]) => `listen ${name}
  bind ${addressOf(clients)}:${port}
  option httpchk GET /health
  http-check expect status 200
  default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1 tcp-ut 5s
${gateways.map((host) => `  server ${host} ${addressOf(host)}:${port} ${check}`).join("\n")}
`;
  return `global
  maxconn 4000
defaults
  mode tcp
  balance roundrobin
  retries 2
  option redispatch 1
  option tcpka
  timeout connect 2s
  timeout client 60m
  timeout server 60m
  timeout check 1s
${Object.entries(ports).map(listen).join("")}`;
}
