/** In charge of the steps that tests of backups share: operations to their end, sessions, dumps. */
import { join } from "node:path";
import type {
  BackupInfo,
  CreatedDatabase,
  DatabaseUrls,
  OperationInfo,
  RestoreRequest,
} from "@postern/sdk/protocol";
import pg from "pg";
import { runProgram } from "../../src/runtime/run-program.ts";
import { ensureServerAccount } from "../../src/runtime/server-account.ts";
import { postgresProgram } from "../../src/runtime/toolchain.ts";
import type { PosternHome } from "./postern-home.ts";
import { testToolchain } from "./toolchain.ts";
import { waitUntil } from "./wait-until.ts";

export interface BackupFixture {
  create(name: string): Promise<CreatedDatabase>;
  urls(ref: string): Promise<DatabaseUrls>;
  /** The operation when it has ended, however it ended. */
  ended(operation: Pick<OperationInfo, "id">): Promise<OperationInfo>;
  /** The operation when it is done; throws why it failed. */
  completed(operation: Pick<OperationInfo, "id">): Promise<OperationInfo>;
  startBackup(ref: string): Promise<OperationInfo>;
  /** A completed backup. */
  backUp(ref: string): Promise<BackupInfo>;
  startRestore(ref: string, request: RestoreRequest): Promise<OperationInfo>;
  /** The ended restore. */
  restore(ref: string, request: RestoreRequest): Promise<OperationInfo>;
  backups(ref: string): Promise<BackupInfo[]>;
  /** Work in a session of the owner, past the pooler. */
  asOwner<Result>(ref: string, work: (client: pg.Client) => Promise<Result>): Promise<Result>;
  /** Rows of one query of the owner. */
  rows(ref: string, sql: string): Promise<Record<string, unknown>[]>;
  /** All that is in it, as pg_dump writes it; the owner is called OWNER whoever that is. */
  contentOf(ref: string): Promise<string>;
}

export function backupFixture(postern: PosternHome): BackupFixture {
  const fixture: BackupFixture = {
    create: (name) => postern.api("POST", "/v1/databases", { name }),
    urls: (ref) => postern.api("GET", `/v1/databases/${ref}/urls`),
    async ended({ id }) {
      let operation!: OperationInfo;
      await waitUntil(
        `operation ${id} ends`,
        async () => {
          operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=5`);
          return operation.status !== "pending" && operation.status !== "running";
        },
        50_000,
      );
      return operation;
    },
    async completed(operation) {
      const ended = await fixture.ended(operation);
      if (ended.status !== "completed") throw new Error(JSON.stringify(ended.error, null, 2));
      return ended;
    },
    startBackup: (ref) => postern.api("POST", `/v1/databases/${ref}/backups`, {}),
    backUp: async (ref) => (await fixture.completed(await fixture.startBackup(ref))).result as BackupInfo,
    startRestore: (ref, request) => postern.api("POST", `/v1/databases/${ref}/restore`, request),
    restore: async (ref, request) => fixture.ended(await fixture.startRestore(ref, request)),
    backups: (ref) => postern.api("GET", `/v1/databases/${ref}/backups`),
    async asOwner(ref, work) {
      const client = new pg.Client({ connectionString: (await fixture.urls(ref)).direct });
      client.on("error", () => {});
      await client.connect();
      return work(client).finally(() => client.end());
    },
    rows: (ref, sql) => fixture.asOwner(ref, async (client) => (await client.query(sql)).rows),
    async contentOf(ref) {
      const { database, user } = await fixture.urls(ref);
      return (await dump(postern.home, database)).replaceAll(user, "OWNER");
    },
  };
  return fixture;
}

/** By the superuser: an owner may have taken rights from itself. */
async function dump(home: string, database: string): Promise<string> {
  const end = await runProgram(
    postgresProgram(await testToolchain(), "pg_dump"),
    ["-h", join(home, "run/shared"), "-U", "postern_admin", "-d", database, "--restrict-key=same"],
    { account: await ensureServerAccount() },
  );
  if (end.exitCode !== 0) throw new Error(end.stderr);
  return end.stdout;
}
