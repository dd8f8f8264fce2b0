/** In charge of giving the HTTP server the functions behind its routes. */

import { logIn, logOut, registerAccount, whoAmI } from "../access/accounts.ts";
import { Authenticator } from "../access/authenticate.ts";
import type { Principal } from "../access/principal.ts";
import { PosternError, posternError } from "../base/error.ts";
import type { OperationId } from "../base/id.ts";
import { requestCreateDatabase } from "../databases/create-database.ts";
import { describeDatabase, describeRow, describeUrls } from "../databases/describe-database.ts";
import { requestDestroyDatabase } from "../databases/destroy-database.ts";
import { findDatabase } from "../databases/find-database.ts";
import { listDatabases } from "../databases/list-databases.ts";
import { compareMigrations, listAppliedMigrations, requestMigration } from "../databases/migrate-database.ts";
import { requireReady } from "../databases/require-ready.ts";
import { requestUndeleteDatabase } from "../databases/undelete-database.ts";
import type { HttpServices } from "../http/services.ts";
import { awaitOperation, watchOperation } from "../instances/await-operation.ts";
import type { Platform } from "../instances/platform.ts";
import { openQueryService, type QueryService } from "../query/query-service.ts";
import { findDatabaseById } from "../state/databases.ts";
import { describeOperation, listOperations, type OperationRow } from "../state/operations.ts";
import { backupServices } from "./backup-services.ts";
import { type DaemonFacts, describeDaemon } from "./describe-daemon.ts";

/** Longest that a request waits for a new database. */
const createWaitMs = 120_000;

/** Who may see everything: null stands for every account. */
export const visibleTo = (principal: { role: string; accountId: OperationRow["account_id"] }) =>
  principal.role === "admin" ? null : principal.accountId;

export function compositionOf(
  platform: Platform,
  facts: DaemonFacts,
): { services: HttpServices; query: QueryService } {
  const query = openQueryService(platform);
  const find = (principal: Principal, ref: string) => findDatabase(platform.state, principal, ref);
  const ownAccount = (principal: Principal) => (principal.kind === "account" ? principal.accountId : null);
  const services: HttpServices = {
    access: new Authenticator(platform.state),
    status: { describe: () => describeDaemon(platform, facts) },
    query,
    accounts: {
      register: (principal, input) => registerAccount(platform, principal, input),
      logIn: (input) => logIn(platform, input),
      logOut: (principal) => logOut(platform, principal),
      describe: (principal) => whoAmI(platform, principal),
    },
    databases: {
      async create(principal, { wait, ...input }) {
        const accepted = await requestCreateDatabase(platform, principal.accountId, input);
        if (wait) throwIfFailed(await awaitOperation(platform, accepted.operation.id, createWaitMs));
        const row = (await findDatabaseById(platform.state, accepted.id))!;
        return {
          ...(await describeRow(platform, row)),
          token: accepted.token,
          operation_id: accepted.operation.id,
        };
      },
      list: (principal, { destroyed }) =>
        listDatabases(platform, { accountId: visibleTo(principal), destroyed }),
      describe: async (principal, { ref }) => describeDatabase(platform, await find(principal, ref)),
      describeUrls: async (principal, { ref }) =>
        describeUrls(platform, requireReady(await find(principal, ref))),
      destroy: async (principal, { ref, skipSnapshot }) =>
        describeOperation(
          await requestDestroyDatabase(platform, principal.accountId, await find(principal, ref), {
            skipSnapshot,
          }),
        ),
      undelete: async (principal, { ref }) => {
        const row = await findDatabase(platform.state, principal, ref, { destroyed: true });
        return describeOperation(await requestUndeleteDatabase(platform, principal.accountId, row));
      },
    },
    migrations: {
      migrate: async (principal, { ref, files }) =>
        describeOperation(
          await requestMigration(
            platform,
            ownAccount(principal),
            requireReady(await find(principal, ref)),
            files,
          ),
        ),
      compare: async (principal, { ref, files }) =>
        compareMigrations(platform, requireReady(await find(principal, ref)), files),
      listApplied: async (principal, { ref }) =>
        listAppliedMigrations(platform, requireReady(await find(principal, ref))),
    },
    backups: backupServices(platform, find, ownAccount),
    operations: {
      async list(principal, { database, limit }) {
        const row = database === undefined ? undefined : await find(principal, database);
        const accountId = visibleTo(principal);
        const rows = await listOperations(platform.state, {
          ...(row ? { databaseId: row.id } : {}),
          ...(accountId === null ? {} : { accountId }),
          limit,
        });
        return rows.map(describeOperation);
      },
      describe: async (principal, { id, waitMs, signal }) =>
        describeOperation(requireVisible(principal, await awaitOperation(platform, id, waitMs, signal))),
      async *watch(principal, { id, signal }) {
        for await (const row of watchOperation(platform, id, signal))
          yield describeOperation(requireVisible(principal, row));
      },
    },
  };
  return { services, query };
}

/** What made a creation fail is Postern's trouble and not the caller's SQL, whatever code it came with. */
function throwIfFailed(row: OperationRow): void {
  if (row.status !== "failed" || !row.error) return;
  const { code, message, detail, hint } = row.error;
  if (code.startsWith("Y")) throw PosternError.fromBody(row.error);
  throw posternError("Y3005", "The database could not be created.", {
    detail: [message, detail].filter((text) => text !== undefined).join("\n"),
    hint: hint ?? `\`postern ops show ${row.id}\` tells which step failed.`,
  });
}

/** Others' operations are as unknown as those that never were. */
function requireVisible(principal: Principal, row: OperationRow): OperationRow {
  const visible =
    principal.kind === "database"
      ? row.database_id === principal.databaseId
      : principal.role === "admin" || row.account_id === principal.accountId;
  if (visible) return row;
  throw posternError("Y3010", `There is no operation ${row.id satisfies OperationId}.`);
}
