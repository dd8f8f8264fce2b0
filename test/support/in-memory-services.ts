/** In charge of services without Postgres: they know one account, one database and one operation, and record calls. */
import { Readable } from "node:stream";
import type {
  AccountInfo,
  BackupInfo,
  BackupPolicyInfo,
  CreatedDatabase,
  DatabaseInfo,
  EnvironmentInfo,
  OperationInfo,
  PointInTimeInfo,
  ProjectInfo,
  ResetPassword,
  StartedRelease,
  TokenInfo,
  TrackedTable,
} from "@postern/sdk/protocol";
import type { AccountPrincipal, DatabasePrincipal } from "../../src/access/principal.ts";
import { missingCredentials } from "../../src/access/refusals.ts";
import { posternError } from "../../src/base/error.ts";
import type { AccountId, BackupId, DatabaseId, KeyId } from "../../src/base/id.ts";
import type { HttpServices } from "../../src/http/services/http-services.ts";
import type { EncodedAnswer, QueryOptions } from "../../src/http/services/query-services.ts";

export const adminKey = `pk_${"a".repeat(64)}`;
export const memberKey = `pk_${"b".repeat(64)}`;
export const token = "c".repeat(64);
export const databaseId = "db-0123456789ab" as DatabaseId;
export const backupId = "bkp-01234567" as BackupId;
export const operationId = "op-0123456789ab";
export const rightPassword = "correct horse";
export const dumpBytes = Buffer.from("PGDMP and then some");

const at = "2026-01-02T03:04:05.000Z";
export const account: AccountInfo = { id: "acc-1", username: "ada", role: "admin", created_at: at };

const noRows = { chunks: [Buffer.from("[]")], byteLength: 2 };

const tracked: TrackedTable = { table: "users", captures: "all", primary_key: ["id"], masked: [] };

export const database: DatabaseInfo = {
  id: databaseId,
  name: "shop",
  status: "ready",
  class: "db.p1",
  isolation: "shared",
  external_instance: null,
  version: "17.11",
  host: `${databaseId}.localhost:5480`,
  http_url: `http://${databaseId}.localhost:5480`,
  database: "db_0123456789ab",
  user: "db_0123456789ab",
  size_bytes: 1,
  storage_limit_bytes: null,
  connections: null,
  healthy: null,
  warnings: [],
  owner: "ada",
  last_backup_at: null,
  created_at: at,
  destroyed_at: null,
  recoverable_until: null,
  client_access: false,
  parent_id: null,
  branched_at: null,
  restored_from: null,
  restored_to: null,
  expires_at: null,
  paused_at: null,
  pause_after_seconds: null,
  environment: null,
  sandbox: null,
};

const project: ProjectInfo = {
  id: "proj_0123456789ab",
  name: "shop",
  owner: "admin",
  environments: ["staging"],
  created_at: at,
};

const environment: EnvironmentInfo = {
  project_id: project.id,
  project: project.name,
  name: "staging",
  protected: false,
  services: [],
  created_at: at,
  applied_at: null,
};

export const operation: OperationInfo = {
  id: operationId,
  kind: "migrate",
  database_id: databaseId,
  status: "running",
  steps: [],
  progress: null,
  result: null,
  error: null,
  created_at: at,
  started_at: at,
  finished_at: null,
};

const startedRelease: StartedRelease = {
  release: {
    project_id: project.id,
    environment: environment.name,
    number: 1,
    status: "deploying",
    operation_id: operationId,
    services: ["api"],
    variables: { api: ["GREETING"] },
    backup_id: null,
    has_files: true,
    error: null,
    created_at: at,
    activated_at: null,
    ended_at: null,
  },
  operation,
};

export const backup: BackupInfo = {
  id: backupId,
  database_id: databaseId,
  database_name: "shop",
  kind: "manual",
  status: "completed",
  created_at: at,
  finished_at: at,
  expires_at: null,
  size_bytes: dumpBytes.length,
  checksum: "d".repeat(64),
  version: "17.11",
  error: null,
  verified_at: null,
  verification: null,
  store: "local",
  encrypted: false,
};

const backupPolicy: BackupPolicyInfo = {
  schedule: "0 0 * * *",
  retention: "7d",
  snapshot_on_delete: false,
  snapshot_on_reset: false,
  own: [],
  next_run_at: at,
};

export const tokenInfo: TokenInfo = {
  id: "tok-0123456789ab",
  label: "reports",
  scope: "read_only",
  tenant: null,
  created_at: at,
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
};

const changedPassword: ResetPassword = {
  database_id: databaseId,
  urls: {
    pooled: "",
    direct: "",
    http: "",
    host: "",
    user: "",
    password: "",
    database: "",
    pool_port: 6432,
    direct_port: 5433,
  },
  operation_id: operationId,
  applied: true,
  restarting: [],
};

export const pointInTime: PointInTimeInfo = {
  status: "on",
  reason: null,
  earliest: at,
  latest: at,
  gaps: [],
  lag_seconds: 0,
  last_full_backup_at: at,
  last_backup_at: at,
  retention_days: 7,
  archive_bytes: 1,
  problem: null,
};

export interface Call {
  name: string;
  args: unknown[];
}

export interface InMemoryServices extends HttpServices {
  calls: Call[];
}

const encode = (value: unknown): EncodedAnswer => {
  const text = Buffer.from(JSON.stringify(value));
  // Cut in two, as a long answer is.
  const chunks = [text.subarray(0, 3), text.subarray(3)];
  return { chunks, byteLength: text.length };
};

const signedOut = async (): Promise<never> => {
  throw posternError("Y1092", "You are not signed in to the console.");
};

const invalidInstance = (): never => {
  throw posternError("Y8020", "There is no such instance.");
};

export function inMemoryServices(): InMemoryServices {
  const calls: Call[] = [];
  const recording =
    <Args extends unknown[], Result>(name: string, run: (...args: Args) => Result) =>
    async (...args: Args): Promise<Awaited<Result>> => {
      calls.push({ name, args });
      return await run(...args);
    };
  const databasePrincipal: DatabasePrincipal = { kind: "database", databaseId };
  const invalid = () => posternError("Y2002", "The token does not open this database.");
  const answer = (_principal: DatabasePrincipal, input: unknown, options: QueryOptions) =>
    encode({ input, rowsAsArrays: options.rowsAsArrays });
  return {
    calls,
    access: {
      async authenticateKey(key) {
        if (key !== adminKey && key !== memberKey) throw posternError("Y2002", "The API key is not valid.");
        const role = key === adminKey ? "admin" : "member";
        return {
          kind: "account",
          accountId: `acc-${role}` as AccountId,
          role,
          keyId: "key-1" as KeyId,
        } satisfies AccountPrincipal;
      },
      async authenticateToken(given) {
        if (given !== token) throw invalid();
        return databasePrincipal;
      },
      authenticateAtOnce: () => undefined,
      async authenticateClient(_id, given) {
        throw given === undefined ? missingCredentials() : invalid();
      },
      isOpenToClients: async () => false,
      async authenticateDatabase(id, given) {
        if (id !== databaseId || given !== token) throw invalid();
        return databasePrincipal;
      },
      async authenticateLogin({ password }) {
        if (password !== rightPassword) throw invalid();
        return databasePrincipal;
      },
      findDatabaseId: async () => databaseId,
    },
    tunnel: { run: async (client) => void client.destroy() },
    accounts: {
      register: recording("accounts.register", () => account),
      logIn: recording("accounts.logIn", (input) => {
        if (input.password !== rightPassword) throw posternError("Y2005", "Username or password is wrong.");
        return { api_key: adminKey, account };
      }),
      logOut: recording("accounts.logOut", () => undefined),
      describe: recording("accounts.describe", () => account),
    },
    console: {
      authenticate: signedOut,
      openDatabase: signedOut,
      signIn: signedOut,
      describe: signedOut,
      list: signedOut,
      end: signedOut,
      unlock: signedOut,
      issueLink: async () => ({ url: "http://127.0.0.1:5480/console/#link=x", expires_at: at }),
    },
    databases: {
      create: recording(
        "databases.create",
        (): CreatedDatabase => ({ ...database, token, operation_id: operationId }),
      ),
      list: recording("databases.list", () => ({ databases: [database], total: 1 })),
      describe: recording("databases.describe", (_principal, { ref }) => {
        if (ref !== "shop" && ref !== databaseId)
          throw posternError("Y3001", `There is no database "${ref}".`);
        return database;
      }),
      describeUrls: recording("databases.describeUrls", () => ({
        pooled: "postgres://pooled",
        direct: "postgres://direct",
        http: database.http_url,
        host: database.host,
        user: database.user,
        password: "secret",
        database: database.database,
        pool_port: 6432,
        direct_port: 5433,
      })),
      destroy: recording("databases.destroy", () => operation),
      undelete: recording("databases.undelete", () => operation),
    },
    pauses: {
      pause: recording("pauses.pause", () => ({ ...database, status: "paused" as const, paused_at: at })),
      resume: recording("pauses.resume", () => database),
      setPauseAfter: recording("pauses.setPauseAfter", () => ({ ...database, pause_after_seconds: 600 })),
      describeActivity: recording("pauses.describeActivity", () => ({
        status: "ready" as const,
        reasons: [],
        paused_at: null,
        pause_after_seconds: null,
        last_statement_at: at,
        pauses_at: null,
        sessions: [],
        operations: [],
      })),
    },
    clientAccess: {
      describe: recording("clientAccess.describe", () => ({ enabled: false, issuer: null, audience: null })),
      enable: recording("clientAccess.enable", () => ({
        enabled: true,
        issuer: null,
        audience: null,
        changed: true,
        warnings: [],
      })),
      disable: recording("clientAccess.disable", () => ({
        enabled: false,
        issuer: null,
        audience: null,
        changed: true,
      })),
    },
    migrations: {
      rehearse: recording("migrations.rehearse", () => operation),
      migrate: recording("migrations.migrate", () => operation),
      compare: recording("migrations.compare", () => []),
      listApplied: recording("migrations.listApplied", () => []),
    },
    reset: {
      reset: recording("reset.reset", () => operation),
      wipe: recording("reset.wipe", () => operation),
    },
    projects: {
      list: recording("projects.list", () => [project]),
      describe: recording("projects.describe", () => project),
      create: recording("projects.create", () => project),
      listEnvironments: recording("projects.listEnvironments", () => [environment]),
      describeEnvironment: recording("projects.describeEnvironment", () => environment),
      saveEnvironment: recording("projects.saveEnvironment", () => environment),
      apply: recording("projects.apply", () => ({
        project_id: project.id,
        project: project.name,
        environment: environment.name,
        protected: false,
        plan: false,
        services: [],
      })),
      readValues: recording("projects.readValues", () => ({
        ...changedPassword.urls,
        id: databaseId,
        token,
      })),
      findDatabase: recording("projects.findDatabase", () => databaseId),
    },
    releases: {
      upload: recording("releases.upload", () => ({ id: "upl-1", size_bytes: 1 })),
      deploy: recording("releases.deploy", () => startedRelease),
      rollBack: recording("releases.rollBack", () => startedRelease),
      restart: recording("releases.restart", () => startedRelease),
      destroy: recording("releases.destroy", () => operation),
      list: recording("releases.list", () => [startedRelease.release]),
      listServices: recording("releases.listServices", () => []),
      readLog: recording("releases.readLog", () => ({ text: "", offset: 0 })),
    },
    gateways: {
      list: recording("gateways.list", () => []),
      listTokens: recording("gateways.listTokens", () => []),
      createToken: recording("gateways.createToken", () => {
        throw posternError("Y8055", "There is a gateway token of that name already.");
      }),
      revokeToken: recording("gateways.revokeToken", () => {
        throw posternError("Y8054", "There is no such gateway token.");
      }),
      authenticate: async () => {
        throw posternError("Y8050", "This gateway token is not known.");
      },
      cancel() {},
      async *connect() {},
      ask: async () => undefined,
      done() {},
      report: async () => {},
      leave: async () => {},
    },
    instances: {
      list: recording("instances.list", () => []),
      register: recording("instances.register", () => invalidInstance()),
      describe: recording("instances.describe", () => invalidInstance()),
      drain: recording("instances.drain", () => invalidInstance()),
      check: recording("instances.check", () => invalidInstance()),
      deregister: recording("instances.deregister", () => ({ id: "", name: "", left_behind: false })),
    },
    inspect: {
      sessions: recording("inspect.sessions", () => ({ at: "", awake: false, sessions: [] })),
      watchSessions: async function* () {},
      endSession: recording("inspect.endSession", () => ({ pid: 1, action: "ended" as const })),
      advice: recording("inspect.advice", () => ({ awake: false, statements: 0, indexes: [] })),
      trends: recording("inspect.trends", () => ({ from: "", step_seconds: 60, trends: [] })),
      metrics: recording("inspect.metrics", () => ({
        from: "",
        to: "",
        step_seconds: 60,
        shared_server: true,
        points: [],
      })),
    },
    insights: {
      listStatements: recording("insights.listStatements", () => []),
      describeStatement: recording("insights.describeStatement", () => {
        throw posternError("Y9014", "No such statement.");
      }),
      listTraces: recording("insights.listTraces", () => []),
      findTrace: recording("insights.findTrace", () => {
        throw posternError("Y9013", "No such request.");
      }),
      live: recording("insights.live", () => ({
        at: "2026-04-12T14:22:00.000Z",
        seconds: 10,
        databases: [],
        slow: [],
      })),
      listNPlusOne: recording("insights.listNPlusOne", () => []),
    },
    browse: {
      catalog: recording("browse.catalog", () => ({ schemas: [], tables: [] })),
      table: recording("browse.table", () => ({
        schema: "public",
        name: "t",
        indexes: [],
        policies: [],
        constraints: [],
        triggers: [],
        ddl: "",
      })),
      ddl: recording("browse.ddl", () => ({ ddl: "" })),
      rows: recording("browse.rows", () => ({
        columns: [],
        rows: [],
        cut: [],
        next: null,
        more: false,
        by: "key" as const,
      })),
      count: recording("browse.count", () => ({ exact: 0, estimate: null })),
      cell: recording("browse.cell", () => ({ value: null, bytes: 0, cut: false })),
      export: recording("browse.export", () => undefined),
      preview: recording("browse.preview", () => ({ statements: [] })),
      edit: recording("browse.edit", () => ({ rows: 0, request_id: "req-1" })),
    },
    rowSecurity: {
      test: recording("rowSecurity.test", (_principal, input) => encode({ input, rowsAsArrays: false })),
    },
    backups: {
      create: recording("backups.create", () => operation),
      list: recording("backups.list", () => [backup]),
      describe: recording("backups.describe", () => backup),
      delete: recording("backups.delete", () => operation),
      verify: recording("backups.verify", () => operation),
      download: recording("backups.download", () => ({
        stream: Readable.from([dumpBytes.subarray(0, 5), dumpBytes.subarray(5)]),
        sizeBytes: dumpBytes.length,
        checksum: backup.checksum!,
        fileName: "shop-bkp-01234567.dump",
      })),
      signDownload: recording("backups.signDownload", () => ({
        url: `http://localhost:5480/v1/backups/${backupId}/file?expires=1&signature=ab`,
        expires_at: at,
      })),
      downloadSigned: recording("backups.downloadSigned", () => {
        throw posternError("Y6014", "This address is not good.");
      }),
      restore: recording("backups.restore", () => operation),
    },
    branches: {
      create: recording("branches.create", () => ({
        ...database,
        parent_id: database.id,
        token,
        operation_id: operationId,
        way: null,
      })),
      list: recording("branches.list", () => []),
      reset: recording("branches.reset", () => operation),
      promote: recording("branches.promote", () => operation),
      compare: recording("branches.compare", () => ({
        base: database,
        database,
        different: false,
        changes: [],
        lines: [],
      })),
    },
    tokens: {
      list: recording("tokens.list", () => [tokenInfo]),
      create: recording("tokens.create", () => ({ ...tokenInfo, token })),
      revoke: recording("tokens.revoke", () => ({ ...tokenInfo, revoked_at: at })),
    },
    scaling: { scale: recording("scaling.scale", () => operation) },
    upgrades: { upgrade: recording("upgrades.upgrade", () => operation) },
    credentials: {
      rotate: recording("credentials.rotate", () => ({
        ...changedPassword,
        token,
        grace_until: at,
        ending_tokens: [tokenInfo],
        staying_tokens: [],
      })),
      resetPassword: recording("credentials.resetPassword", () => changedPassword),
    },
    backupPolicies: {
      describe: recording("backupPolicies.describe", () => backupPolicy),
      change: recording("backupPolicies.change", () => backupPolicy),
      describeStatus: recording("backupPolicies.describeStatus", () => ({
        ...backupPolicy,
        database_id: databaseId,
        name: "shop",
        last_backup_at: at,
        latest: backup,
        last_verified: null,
        overdue: false,
        overdue_since: null,
        failures: 0,
        last_failure: null,
        completed: 1,
        running: 0,
        failed: 0,
        point_in_time: pointInTime,
      })),
    },
    pointInTime: {
      describe: recording("pointInTime.describe", () => pointInTime),
      listRestored: recording("pointInTime.listRestored", () => [database]),
      enable: recording("pointInTime.enable", () => operation),
      disable: recording("pointInTime.disable", () => operation),
      restore: recording("pointInTime.restore", () => ({ ...database, token, operation_id: operationId })),
      promote: recording("pointInTime.promote", () => operation),
      recover: recording("pointInTime.recover", () => operation),
    },
    audit: { record: async () => {}, list: recording("audit.list", () => []) },
    operations: {
      list: recording("operations.list", () => [operation]),
      describe: recording("operations.describe", () => operation),
      cancel: recording("operations.cancel", () => operation),
      async *watchAll(...args) {
        calls.push({ name: "operations.watchAll", args });
        yield [operation];
      },
      async *watch(...args) {
        calls.push({ name: "operations.watch", args });
        yield operation;
        yield { ...operation, status: "completed" as const };
      },
    },
    records: {
      run: recording("records.run", () => noRows),
      openRequest: recording("records.openRequest", () => ({
        id: "r",
        request_id: "r",
        idle_timeout_ms: 1,
        max_duration_ms: 1,
      })),
      runIn: recording("records.runIn", () => noRows),
      queryIn: recording("records.queryIn", () => noRows),
      commit: recording("records.commit", () => ({ id: "r", request_id: "r", status: "committed" })),
      rollback: recording("records.rollback", () => ({ id: "r", request_id: "r", status: "rolled_back" })),
    },
    state: {
      history: recording("state.history", () => ({ table: "users", id: "42", mutations: [], more: false })),
      blame: recording("state.blame", () => ({ table: "users", id: "42", exists: true, columns: [] })),
      request: recording("state.request", () => ({ request_id: "r", mutations: [], more: false })),
      listTracked: recording("state.listTracked", () => [tracked]),
      track: recording("state.track", () => tracked),
      untrack: recording("state.untrack", () => tracked),
      restore: recording("state.restore", () => ({
        table: "users",
        id: "42",
        at,
        action: "none",
        changes: [],
        left_out: [],
        written: false,
        request_id: "r",
      })),
    },
    query: {
      neon: recording("query.neon", answer),
      query: recording("query.query", answer),
      stream: recording("query.stream", () => undefined),
      execute: recording("query.execute", answer),
      transaction: recording("query.transaction", answer),
    },
    metrics: {
      contentType: "text/plain; version=0.0.4",
      render: recording("metrics.render", () => "up 1\n"),
    },
    status: {
      listControlPlanes: recording("status.listControlPlanes", () => []),
      describe: recording("status.describe", () => ({
        status: "ready" as const,
        version: "0.1.0",
        pid: 1,
        home: "/var/lib/postern",
        started_at: at,
        api_url: "http://localhost:5480",
        pool_address: "127.0.0.1:6432",
        direct_address: "127.0.0.1:5433",
        listen: { address: "127.0.0.1", exposed: false, certificate: null },
        toolchain: { directory: "system", postgres: "17.11", pgbouncer: "1.24.1", pgbackrest: null },
        sandbox: { mode: "off" as const, available: false, reason: "POSTERN_SANDBOX is off" },
        services: [],
        control_planes: [],
        workers: 0,
        databases: { total: 1, ready: 1 },
        disk: { total_bytes: 100, free_bytes: 50, reserve_bytes: 5 },
        warnings: [],
      })),
    },
  };
}
