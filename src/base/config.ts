/**
 * In charge of where Postern keeps things and where it listens: the environment read once, checked, with the defaults
 * that `docs/operations.md` states.
 */
import { availableParallelism, userInfo } from "node:os";
import { join } from "node:path";
import { homeDirectory, isRoot, userConfigDirectory } from "./directories.ts";
import { parseReserve } from "./disk-space.ts";
import { parseDuration } from "./duration.ts";
import { posternError } from "./error.ts";
import { checkHosts, checkListen, type ListenConfig, type TlsFiles } from "./listen.ts";
import { type InsightsConfig, readInsights } from "./read-insights.ts";
import { type PointInTimeConfig, readPointInTime } from "./read-point-in-time.ts";
import { readS3, type S3Config } from "./read-s3.ts";
import { readSharedState, type SharedStateConfig } from "./read-shared-state.ts";
import {
  choice,
  count,
  directory,
  type Environment,
  isOn,
  optionalFile,
  port,
  xdg,
} from "./read-variable.ts";
import { readWebhook, type WebhookConfig } from "./read-webhook.ts";

export interface Limits {
  /** Largest request body of the data plane, bytes. */
  bodyBytes: number;
  /** Largest answer of the data plane, counted on the Postgres socket, bytes. */
  answerBytes: number;
  /** Most statements in one `/transaction`. */
  statements: number;
  /** Longest run of one statement over HTTP, milliseconds. */
  statementTimeoutMs: number;
  /** Data-plane connections to one database. */
  connectionsPerDatabase: number;
}

/** What strangers may take, in client mode. */
export interface ClientLimits {
  bodyBytes: number;
  answerBytes: number;
  statements: number;
  statementTimeoutMs: number;
  /** Longest run of one transaction, milliseconds. */
  transactionTimeoutMs: number;
  /** Connections to one database for those with a token, and as many for those without. */
  connectionsPerRole: number;
  /** Requests of one caller at a time. */
  underWayPerCaller: number;
}

/** Requests of one caller: so many at once, and so many a second in the long run. */
export interface RateLimit {
  perSecond: number;
  burst: number;
}

export interface Config extends ListenConfig {
  /** All state of this Postern. */
  home: string;
  /** Where Postern's own tables are, if not in a server of the home. */
  sharedState: SharedStateConfig | null;
  /** File of the key that seals passwords; null: one of the home's own. */
  masterKeyFile: string | null;
  /** Private Postgres and PgBouncer, shared by all homes. */
  toolchainDirectory: string;
  /** `auto`: the private toolchain, else the system's. */
  toolchain: "auto" | "private" | "system";
  /** Do servers run in sandboxes? `auto`: where they can. */
  sandbox: "off" | "auto" | "on";
  /** The user's own configuration (API address and key). */
  configDirectory: string;
  httpPort: number;
  poolPort: number;
  directPort: number;
  /** Databases are served at `<id>.<domain>`. */
  domain: string;
  /** Pages of other sites that may ask a database which is open to clients, by their origins; `*`: all. */
  origins: string[];
  /** Processes that answer SQL over HTTP; 0: the daemon does it itself. */
  workers: number;
  /** May people without a key make an account? */
  registration: "closed" | "open";
  /** May new databases be made? */
  provisioning: "on" | "off";
  /** Whose services may be deployed: their code runs on this machine. */
  services: "admins" | "all" | "off";
  /** May a database take tokens of an issuer inside a private network? The daemon fetches what its owner names. */
  privateIssuers: "refused" | "allowed";
  /** For clients of a database, and for each key of the control plane; null: none. */
  rateLimit: RateLimit | null;
  /** Longest that a request, body and all, may take to arrive, milliseconds. */
  requestTimeoutMs: number;
  /** For answers that are made or wait for their readers, in each process that answers SQL over HTTP, bytes. */
  answerMemoryBytes: number;
  /** Longest that the reader of a large answer may take nothing of it, milliseconds. */
  readerTimeoutMs: number;
  /** Who reads /metrics: administrators, or also whoever is on this machine. */
  metrics: "key" | "loopback";
  /** Does every request get a line in the log? */
  logRequests: boolean;
  /** Whose tokens databases with client access take, unless they have an issuer of their own. */
  oidc: { issuer: string | null; audience: string | null };
  /** Databases with a server of their own sleep after so many seconds without a statement; 0: they do not. */
  pauseAfterSeconds: number;
  /** How long a destroyed database can be brought back, days. */
  undeleteDays: number;
  /** What is noted of the statements that databases are asked. */
  insights: InsightsConfig;
  /** Whole months of the log of changes inside databases are kept at least so long, days. */
  stateDays: number;
  /** Until a request that holds a transaction open is undone when nothing is heard of it, milliseconds. */
  requestIdleMs: number;
  /** How long it is known who changed what, days. */
  auditDays: number;
  /** Where backups are stored. */
  backupDirectory: string;
  pointInTime: PointInTimeConfig;
  /** Where new backups go instead; null: the directory. */
  s3: S3Config | null;
  /** Who is told of backups that fail or are missing; null: nobody. */
  webhook: WebhookConfig | null;
  /** Scheduled backups that are made at once, over all control planes. */
  backupsAtOnce: number;
  /** Keys that new backups are encrypted with; null: they are not. */
  backupKeyFile: string | null;
  /** All of it may be lost at any time: nothing is forced to disk, and nothing is prepared ahead. */
  ephemeral: boolean;
  /** Nothing new begins below this much free space of the home's disk; null: by the size of the disk. */
  diskReserveBytes: number | null;
  limits: Limits;
  clientLimits: ClientLimits;
}

/** Both files or neither. */
function tlsFiles(environment: Environment): TlsFiles | null {
  const [certificate, key] = ["POSTERN_TLS_CERT", "POSTERN_TLS_KEY"] as const;
  if (!environment[certificate] && !environment[key]) return null;
  for (const [present, missing] of [
    [certificate, key],
    [key, certificate],
  ] as const) {
    if (!environment[missing])
      throw posternError("Y0001", `${present} is set, and ${missing} is not: TLS needs both.`);
  }
  return {
    certificateFile: directory(environment, certificate, ""),
    keyFile: directory(environment, key, ""),
  };
}

function origins(environment: Environment): string[] {
  const text = environment.POSTERN_CORS_ORIGINS || "*";
  const list = text.split(",").map((one) => one.trim());
  const wrong = list.find((one) => one !== "*" && !/^https?:\/\/[^/?#\s]+$/.test(one));
  if (wrong === undefined) return list;
  throw posternError("Y0001", `POSTERN_CORS_ORIGINS contains "${wrong}", which is not an origin.`, {
    hint: "Write origins as browsers send them, `https://app.example.com`, separated by commas; or `*`.",
  });
}

export const mostWorkers = 64;

/** As many as the machine has cores, but no more than most machines can feed. */
function workers(environment: Environment): number {
  const text = environment.POSTERN_WORKERS;
  if (text === undefined || text === "") return Math.min(availableParallelism(), 8);
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= mostWorkers) return value;
  throw posternError("Y0001", `POSTERN_WORKERS is "${text}", which is not a number of processes.`, {
    hint: `Use 0 to ${mostWorkers}; with 0 the daemon answers SQL over HTTP itself.`,
  });
}

/** `off`, `<requests a second>` or `<requests a second>/<burst>`. */
function rateLimit(environment: Environment): RateLimit | null {
  const text = environment.POSTERN_RATE_LIMIT || "100/200";
  if (text === "off") return null;
  const match = /^(\d{1,6})(?:\/(\d{1,6}))?$/.exec(text);
  const perSecond = Number(match?.[1]);
  const burst = Number(match?.[2] ?? 2 * perSecond);
  if (perSecond >= 1 && burst >= 1) return { perSecond, burst };
  throw posternError("Y0001", `POSTERN_RATE_LIMIT is "${text}", which is no rate.`, {
    hint: "Write requests a second and how many at once, for example 100/200; or off.",
  });
}

const mebibyte = 1024 * 1024;

/** `off` or a length of time. */
function pauseAfter(environment: Environment): number {
  const text = environment.POSTERN_PAUSE_AFTER || "off";
  if (text === "off") return 0;
  try {
    return parseDuration(text) / 1_000;
  } catch (error) {
    throw posternError("Y0001", `POSTERN_PAUSE_AFTER is "${text}", which is no length of time.`, {
      hint: "Write a number and s, m, h or d, for example 15m; or off.",
      cause: error,
    });
  }
}

/** To the letter: tokens must name it so. Where it may live is checked when it is asked. */
function issuer(environment: Environment): string | null {
  const url = environment.POSTERN_OIDC_ISSUER || null;
  if (url !== null && !/^https?:\/\/[^\s?#]+$/.test(url)) {
    throw posternError("Y0001", `POSTERN_OIDC_ISSUER is "${url}", which is not the address of an issuer.`, {
      hint: "Give its https address without a query, as the `iss` of its tokens has it.",
    });
  }
  return url;
}

const clientLimits: ClientLimits = {
  bodyBytes: 1024 * 1024,
  answerBytes: 8 * 1024 * 1024,
  statements: 20,
  statementTimeoutMs: 5_000,
  transactionTimeoutMs: 15_000,
  connectionsPerRole: 8,
  underWayPerCaller: 4,
};

/** Reads the whole configuration. @throws Y0001 naming the variable that is wrong. */
export function readConfig(environment: Environment = process.env): Config {
  const home = homeDirectory(environment);
  // A socket's path has 107 bytes in Linux; the longest below the home is run/ins-<12>/.s.PGSQL.5432.
  if (Buffer.byteLength(home) > 70) {
    throw posternError("Y0003", `POSTERN_HOME is too long for unix sockets: ${home}`, {
      hint: "Choose a path of at most 70 bytes.",
    });
  }
  const cache = isRoot()
    ? "/var/cache/postern"
    : join(xdg(environment, "XDG_CACHE_HOME", ".cache"), "postern");
  return {
    home,
    sharedState: readSharedState(environment),
    masterKeyFile: optionalFile(environment, "POSTERN_MASTER_KEY_FILE"),
    toolchainDirectory: directory(environment, "POSTERN_TOOLCHAIN_DIR", cache),
    toolchain: choice(environment, "POSTERN_TOOLCHAIN", ["auto", "private", "system"]),
    sandbox: choice(environment, "POSTERN_SANDBOX", ["auto", "on", "off"]),
    configDirectory: userConfigDirectory(environment),
    httpPort: port(environment, "POSTERN_HTTP_PORT", 5480),
    poolPort: port(environment, "POSTERN_POOL_PORT", 6432),
    directPort: port(environment, "POSTERN_DIRECT_PORT", 5433),
    listen: checkListen(environment.POSTERN_LISTEN || "127.0.0.1"),
    insecure: isOn(environment, "POSTERN_INSECURE", "0"),
    tls: tlsFiles(environment),
    hosts: checkHosts(environment.POSTERN_HOSTS ?? ""),
    domain: environment.POSTERN_DOMAIN || "localhost",
    origins: origins(environment),
    workers: workers(environment),
    registration: choice(environment, "POSTERN_REGISTRATION", ["closed", "open"]),
    provisioning: choice(environment, "POSTERN_PROVISIONING", ["on", "off"]),
    services: choice(environment, "POSTERN_SERVICES", ["admins", "all", "off"]),
    privateIssuers: choice(environment, "POSTERN_PRIVATE_ISSUERS", ["refused", "allowed"]),
    rateLimit: rateLimit(environment),
    requestTimeoutMs: 1_000 * count(environment, "POSTERN_REQUEST_TIMEOUT", 30, 3_600),
    answerMemoryBytes: mebibyte * count(environment, "POSTERN_ANSWER_MEMORY", 256, 1_048_576),
    requestIdleMs: 1_000 * count(environment, "POSTERN_REQUEST_IDLE", 10, 300),
    readerTimeoutMs: 1_000 * count(environment, "POSTERN_READER_TIMEOUT", 30, 3_600),
    metrics: isOn(environment, "POSTERN_METRICS_PUBLIC", "0") ? "loopback" : "key",
    logRequests: isOn(environment, "POSTERN_LOG_REQUESTS", "0"),
    oidc: { issuer: issuer(environment), audience: environment.POSTERN_OIDC_AUDIENCE || null },
    pauseAfterSeconds: pauseAfter(environment),
    undeleteDays: 7,
    insights: readInsights(environment),
    stateDays: count(environment, "POSTERN_STATE_DAYS", 90, 36_500),
    auditDays: count(environment, "POSTERN_AUDIT_DAYS", 365, 36_500),
    pointInTime: readPointInTime(environment, home),
    backupDirectory: directory(environment, "POSTERN_BACKUP_DIR", join(home, "backups")),
    s3: readS3(environment),
    backupsAtOnce: count(environment, "POSTERN_BACKUPS_AT_ONCE", 2, 64),
    webhook: readWebhook(environment),
    backupKeyFile: optionalFile(environment, "POSTERN_BACKUP_KEY_FILE"),
    ephemeral: isOn(environment, "POSTERN_EPHEMERAL", "0"),
    diskReserveBytes: parseReserve(environment.POSTERN_DISK_RESERVE),
    limits: {
      bodyBytes: 10 * 1024 * 1024,
      answerBytes: 64 * 1024 * 1024,
      statements: 100,
      statementTimeoutMs: 30_000,
      connectionsPerDatabase: 24,
    },
    clientLimits: { ...clientLimits },
  };
}

/** Name of the unprivileged user that runs the servers when the daemon is root. */
export const serverUser = "postern";

/** Name of whoever runs this process. */
export const currentUser = () => userInfo().username;
