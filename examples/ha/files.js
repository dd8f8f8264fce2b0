/** In charge of the configuration of each program. What is here is what real hosts need as well. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { addressOf, nodes } from "./network.js";

/** @typedef {{ superuser: string, replication: string, rewind: string, api: string }} Passwords */

const etcdEndpoints = nodes.map((node) => `${addressOf(node)}:2379`);

/** @param {string} node @param {string} directory */
export function etcdArguments(node, directory) {
  const address = addressOf(node);
  return [
    ...[
      "--name",
      node,
      "--data-dir",
      join(directory, node, "etcd"),
      "--logger",
      "zap",
      "--log-level",
      "warn",
    ],
    ...["--listen-client-urls", `http://${address}:2379,http://127.0.0.1:2379`],
    ...["--advertise-client-urls", `http://${address}:2379`],
    ...[
      "--listen-peer-urls",
      `http://${address}:2380`,
      "--initial-advertise-peer-urls",
      `http://${address}:2380`,
    ],
    ...["--initial-cluster", nodes.map((one) => `${one}=http://${addressOf(one)}:2380`).join(",")],
    ...["--initial-cluster-state", "new", "--heartbeat-interval", "100", "--election-timeout", "1000"],
  ];
}

/** What all hosts agree on; etcd keeps it. */
const agreed = {
  // A leader that is not heard of for this long is replaced; the least that Patroni takes.
  ttl: 20,
  loop_wait: 5,
  retry_timeout: 5,
  maximum_lag_on_failover: 1_048_576,
  primary_start_timeout: 10,
  // A commit is acknowledged when a second host has it, and only such a host may become the leader.
  synchronous_mode: true,
  postgresql: {
    use_pg_rewind: true,
    use_slots: true,
    parameters: {
      max_connections: 200,
      wal_level: "logical",
      hot_standby: "on",
      max_wal_senders: 10,
      max_replication_slots: 10,
      wal_log_hints: "on",
      wal_keep_size: "256MB",
      wal_sender_timeout: "10s",
      wal_receiver_timeout: "10s",
      password_encryption: "scram-sha-256",
      unix_socket_permissions: "0700",
    },
  },
};

/**
 * @param {{ node: string, directory: string, name: string, postgresBin: string, passwords: Passwords }} options
 * @returns the text of patroni.yml, which is YAML as JSON is
 */
export function renderPatroni({ node, directory, name, postgresBin, passwords }) {
  const address = addressOf(node);
  const own = join(directory, node);
  return JSON.stringify(
    {
      scope: name,
      namespace: "/postern/",
      name: node,
      restapi: {
        listen: `${address}:8008`,
        connect_address: `${address}:8008`,
        authentication: { username: "patroni", password: passwords.api },
      },
      etcd3: { hosts: etcdEndpoints },
      bootstrap: {
        dcs: agreed,
        initdb: [
          { encoding: "UTF8" },
          { locale: "C.UTF-8" },
          "data-checksums",
          { "auth-local": "peer" },
          { "auth-host": "scram-sha-256" },
        ],
        pg_hba: [
          "local all all peer map=local",
          "host replication replicator 10.77.0.0/24 scram-sha-256",
          "host all all 10.77.0.0/24 scram-sha-256",
        ],
      },
      postgresql: {
        listen: `${address}:5432`,
        connect_address: `${address}:5432`,
        data_dir: join(own, "data"),
        bin_dir: postgresBin,
        pgpass: join(own, "pgpass"),
        parameters: { unix_socket_directories: join(own, "run") },
        pg_ident: ["local /^.*$ postgres"],
        authentication: {
          superuser: { username: "postgres", password: passwords.superuser },
          replication: { username: "replicator", password: passwords.replication },
          rewind: { username: "rewinder", password: passwords.rewind },
        },
      },
    },
    null,
    2,
  );
}

/** 5000: the leader, whoever it is; 5001: replicas that are not far behind; 7000: figures. @param {string} directory */
export function renderHaproxy(directory) {
  const servers = (/** @type {string} */ more) =>
    nodes.map((node) => `  server ${node} ${addressOf(node)}:5432 check port 8008${more}`).join("\n");
  const watch = `  default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions`;
  // No retries: a session that waits for one when its server is marked down is never closed (seen with HAProxy 3.0.11). Who is
  // refused comes again by himself.
  return `global
  maxconn 1000
  stats socket ${join(directory, "app", "haproxy.sock")} mode 600
defaults
  mode tcp
  retries 0
  timeout connect 2s
  timeout client 60m
  timeout server 60m
  timeout check 1s
listen leader
  bind 127.0.0.1:5000
  option tcpka
  option httpchk OPTIONS /primary
  http-check expect status 200
${watch}
${servers("")}
listen replicas
  bind 127.0.0.1:5001
  option httpchk OPTIONS /replica?lag=1MB
  http-check expect status 200
${watch}
${servers("")}
`;
}

/** @param {{ directory: string, name: string, postgresBin: string, passwords: Passwords }} options */
export async function writeFiles({ directory, name, postgresBin, passwords }) {
  for (const node of nodes) {
    await mkdir(join(directory, node, "run"), { recursive: true, mode: 0o700 });
    const text = renderPatroni({ node, directory, name, postgresBin, passwords });
    await writeFile(join(directory, node, "patroni.yml"), text, { mode: 0o600 });
  }
  await mkdir(join(directory, "app"), { recursive: true, mode: 0o700 });
  await writeFile(join(directory, "app", "haproxy.cfg"), renderHaproxy(directory), { mode: 0o600 });
}
