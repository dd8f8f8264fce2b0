/** In charge of giving the HTTP server the functions behind the routes of databases and migrations. */
import type { ClientAccessInfo } from "@postern/sdk/protocol";
import type { AccountPrincipal, Principal } from "../access/principal.ts";
import { PosternError, posternError } from "../base/error.ts";
import type { AccountId, DatabaseId } from "../base/id.ts";
import { describeClientAccess, disableClientAccess, enableClientAccess } from "../databases/client-access.ts";
import { requestCreateDatabase } from "../databases/create-database.ts";
import { describeDatabase, describeRow } from "../databases/describe-database.ts";
import { describeUrls } from "../databases/describe-urls.ts";
import { requestDestroyDatabase } from "../databases/destroy-database.ts";
import { findDatabase } from "../databases/find-database.ts";
import { listDatabases } from "../databases/list-databases.ts";
import { compareMigrations, listAppliedMigrations, requestMigration } from "../databases/migrate-database.ts";
import { requestRehearsal } from "../databases/rehearse-migration.ts";
import { requireReady } from "../databases/require-ready.ts";
import { requestUndeleteDatabase } from "../databases/undelete-database.ts";
import type { ClientAccessService } from "../http/services/access-services.ts";
import type { DatabaseService, MigrationService } from "../http/services/database-services.ts";
import { awaitOperation } from "../instances/await-operation.ts";
import type { Platform } from "../instances/platform.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { describeOperation, type OperationRow } from "../state/operations.ts";

/** Longest that a request waits for a new database. */
const createWaitMs = 120_000;

/** Who may see everything: null stands for every account. */
export const visibleTo = (principal: AccountPrincipal): AccountId | null =>
  principal.role === "admin" ? null : principal.accountId;

/** The account to note with an operation; none for a database's own token. */
export const accountOf = (principal: Principal): AccountId | null =>
  principal.kind === "account" ? principal.accountId : null;

export function databaseServices(platform: Platform): DatabaseService {
  const find = (principal: Principal, ref: string) => findDatabase(platform.state, principal, ref);
  return {
    async create(principal, { wait, ...input }) {
      const accepted = await requestCreateDatabase(platform, principal.accountId, input);
      if (wait) throwIfFailed(await awaitOperation(platform, accepted.operation.id, createWaitMs));
      const info = await describeRow(platform, (await findDatabaseById(platform.state, accepted.id))!);
      return { ...info, token: accepted.token, operation_id: accepted.operation.id };
    },
    list: (principal, input) => listDatabases(platform, { ...input, accountId: visibleTo(principal) }),
    describe: async (principal, { ref }) => describeDatabase(platform, await find(principal, ref)),
    describeUrls: async (principal, { ref }) =>
      describeUrls(platform, requireReady(await find(principal, ref))),
    async destroy(principal, { ref, ...input }) {
      const row = await find(principal, ref);
      return describeOperation(await requestDestroyDatabase(platform, principal.accountId, row, input));
    },
    async undelete(principal, { ref }) {
      const row = await findDatabase(platform.state, principal, ref, { destroyed: true });
      return describeOperation(await requestUndeleteDatabase(platform, principal.accountId, row));
    },
  };
}

/** @param closeClients everywhere: who may ask, and as whom, is another question from now on. */
export function clientAccessServices(
  platform: Platform,
  closeClients: (databaseId: DatabaseId) => Promise<void>,
): ClientAccessService {
  const change = async (
    principal: Principal,
    ref: string,
    work: (row: DatabaseRow) => Promise<ClientAccessInfo>,
  ) => {
    const row = await findDatabase(platform.state, principal, ref);
    const info = await work(row);
    if (info.changed) await closeClients(row.id);
    return info;
  };
  return {
    describe: async (principal, { ref }) =>
      describeClientAccess(platform, await findDatabase(platform.state, principal, ref)),
    enable: (principal, { ref, ...input }) =>
      change(principal, ref, (row) => enableClientAccess(platform, row, input)),
    disable: (principal, { ref }) => change(principal, ref, (row) => disableClientAccess(platform, row)),
  };
}

export function migrationServices(platform: Platform): MigrationService {
  const findReady = async (principal: Principal, ref: string) =>
    requireReady(await findDatabase(platform.state, principal, ref));
  return {
    async migrate(principal, { ref, ...input }) {
      const row = await findReady(principal, ref);
      return describeOperation(await requestMigration(platform, accountOf(principal), row, input));
    },
    async rehearse(principal, { ref, files }) {
      const row = await findReady(principal, ref);
      return describeOperation(await requestRehearsal(platform, accountOf(principal), row, files));
    },
    compare: async (principal, { ref, files }) =>
      compareMigrations(platform, await findReady(principal, ref), files),
    listApplied: async (principal, { ref }) =>
      listAppliedMigrations(platform, await findReady(principal, ref)),
  };
}

/** What made a creation fail is Postern's trouble and not the caller's SQL, whatever code it came with. */
export function throwIfFailed(row: OperationRow): void {
  if (row.status !== "failed" || !row.error) return;
  const { code, message, detail, hint } = row.error;
  if (code.startsWith("Y")) throw PosternError.fromBody(row.error);
  throw posternError("Y3005", "The database could not be created.", {
    detail: [message, detail].filter((text) => text !== undefined).join("\n"),
    hint: hint ?? `\`postern ops show ${row.id}\` tells which step failed.`,
  });
}
