/** In charge of creating a database: accepted in one transaction, then built step by step, or undone. */
import type { CreateDatabaseRequest, DatabaseClass } from "@postern/sdk/protocol";
import { requireDiskSpace } from "../base/disk-space.ts";
import { hasCode, posternError } from "../base/error.ts";
import {
  type AccountId,
  type DatabaseId,
  type InstanceId,
  newDatabaseId,
  newInstanceId,
  postgresNameOf,
} from "../base/id.ts";
import { hashSecret, newPassword, newToken, scramVerifier } from "../base/secrets.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import { createTenant } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { provisionInstance } from "../instances/provision-instance.ts";
import { requireGuests } from "../instances/require-guests.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { refillSpareDatabases } from "../instances/spare-databases.ts";
import { connectAs } from "../instances/with-admin.ts";
import {
  type DatabaseRow,
  deleteDatabaseRow,
  findDatabaseById,
  insertDatabase,
  insertToken,
  updateDatabase,
} from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { listRegistered } from "../state/registered-instances.ts";
import type { Queryable } from "../state/state.ts";
import { chooseInstance, wantsRegistered } from "./choose-instance.ts";
import { checkDatabaseName, checkPassword, checkUserName } from "./name-rules.ts";
import { pauseAfterOf } from "./pause-rules.ts";
import { chooseIsolation, chooseMajor, havePostgres } from "./postgres-version.ts";
import { removeData } from "./remove-data.ts";
import { tiers } from "./tiers.ts";
import { withInventedName } from "./with-invented-name.ts";

/** Copies of the template that wait on the shared instance. */
export const sharedSpares = 3;

export interface AcceptedDatabase {
  id: DatabaseId;
  /** The only moment at which it is known. */
  token: string;
  operation: OperationRow;
}

type AlsoWritten = (tx: Queryable, id: DatabaseId) => Promise<void>;

/**
 * Checks the wish and writes it down, with its operation. @throws Y3003 Y3006 Y2006 Y3009 Y2060 Y3002 Y3007 Y7009
 * @param also what is written down with it, or not at all.
 */
export async function requestCreateDatabase(
  platform: Platform,
  accountId: AccountId,
  input: CreateDatabaseRequest,
  also: AlsoWritten = async () => {},
): Promise<AcceptedDatabase> {
  requireProvisioning(platform);
  return withInventedName(input.name, (name) =>
    acceptDatabase(platform, accountId, { ...input, name: checkDatabaseName(name) }, also),
  );
}

async function acceptDatabase(
  platform: Platform,
  accountId: AccountId,
  input: CreateDatabaseRequest & { name: string },
  also: AlsoWritten,
): Promise<AcceptedDatabase> {
  const id = newDatabaseId();
  const { name } = input;
  const roleName = input.user === undefined ? postgresNameOf(id) : checkUserName(input.user);
  const password = input.password === undefined ? newPassword() : checkPassword(input.password);
  const databaseClass = input.class ?? "db.p1";
  const tier = tiers[databaseClass];
  const isExternal = await isPlacedElsewhere(platform, { ...input, class: databaseClass });
  const major = isExternal ? readMajorWish(input.version) : await chooseMajor(platform, input.version);
  if (!isExternal) await requireDiskSpace(platform, 64 * 1024 ** 2, `Database ${name}`);
  const isolation = isExternal
    ? "external"
    : chooseIsolation(platform, major!, input.isolation, tier.isolation);
  if (isolation === "microvm") await requireGuests(platform, major!);
  const isShared = platform.config.sharedState !== null;
  const token = newToken();
  const verifier = await scramVerifier(password);
  try {
    const operation = await platform.state.transaction(async (tx) => {
      await insertDatabase(tx, {
        id,
        name,
        account_id: accountId,
        class: databaseClass,
        isolation,
        database_name: postgresNameOf(id),
        role_name: roleName,
        password_sealed: platform.secrets.seal(password, id),
        scram_verifier: verifier,
        connection_limit: tier.connectionLimit,
        storage_limit_bytes: isolation === "process" ? null : tier.storageLimitBytes,
      });
      await insertToken(tx, id, hashSecret(token), "master");
      await also(tx, id);
      const instance = isExternal
        ? await place(tx, id, { ...input, class: databaseClass, major, takesAny: isShared })
        : isolation === "shared"
          ? "shared"
          : newInstanceId();
      return insertOperation(tx, {
        kind: "create_database",
        databaseId: id,
        accountId,
        input: { instance, ...(isolation === "process" && { major }) },
      });
    });
    return { id, token, operation };
  } catch (error) {
    throw explainTaken(error, name, roleName);
  }
}

/** Several control planes have no server between them but those that are registered. @throws Y8033 */
async function isPlacedElsewhere(
  { state, config }: Platform,
  input: CreateDatabaseRequest & { class: DatabaseClass },
): Promise<boolean> {
  if (config.sharedState === null) return wantsRegistered(state, input);
  if (input.isolation !== undefined && input.isolation !== "external")
    throw posternError(
      "Y8033",
      `A database cannot be ${input.isolation} here: several control planes share this Postern.`,
      {
        detail: "A server of one of them would be out of the others' reach.",
        hint: "Leave out --isolation: databases are placed on registered instances.",
      },
    );
  if ((await listRegistered(state)).length > 0) return true;
  throw posternError("Y8033", "There is no instance yet that databases could be placed on.", {
    detail: "Several control planes share this Postern, which starts no servers of its own then.",
    hint: "An administrator registers one: `postern admin instance register`.",
  });
}

/** It has its place from now on, so nobody else gets it. */
async function place(
  tx: Queryable,
  id: DatabaseId,
  wish: CreateDatabaseRequest & { class: DatabaseClass; major: string | undefined; takesAny: boolean },
): Promise<InstanceId> {
  const chosen = await chooseInstance(tx, {
    class: wish.class,
    takesAny: wish.takesAny,
    instance: wish.instance,
    labels: wish.instance_labels,
    major: wish.major,
    connectionLimit: tiers[wish.class].connectionLimit,
  });
  await updateDatabase(tx, id, { instance_id: chosen.id, placed_on: chosen.id });
  return chosen.id;
}

/** What a registered server runs is not for Postern to install. */
const readMajorWish = (version: string | undefined): string | undefined => version?.trim().split(".")[0];

export const createDatabase: OperationHandler = {
  async run(platform, run) {
    const row = await requireRow(platform, run.row);
    const instance = run.row.input.instance as InstanceId | "shared";
    const sleeps = pauseAfterOf(platform, row) !== null;
    if (isOnOwnServer(row)) {
      // An operation that an earlier release wrote down names none.
      const major = (run.row.input.major as string | undefined) ?? platform.majors.usual;
      await havePostgres(platform, run, major);
      const own = instance as InstanceId;
      const inGuest = row.isolation === "microvm";
      await run.step("instance", () =>
        provisionInstance(platform, own, row.class, { sleeps: sleeps || inGuest, major, inGuest }),
      );
    }
    const placed: DatabaseRow = { ...row, instance_id: instance };
    await updateDatabase(platform.state, row.id, { instance_id: instance });
    await Promise.all([
      run.step("database", () => createTenant(platform, placed)),
      instance === "shared"
        ? undefined
        : run.step("pooler", () =>
            platform.pooler.route({
              database: row.database_name,
              socketDirectory: serverLayout(platform.config.home, instance).socketDirectory,
            }),
          ),
    ]);
    await run.step("first query", () => proveReady(platform, placed));
    await updateDatabase(platform.state, row.id, { status: "ready" });
    keepSpares(platform, instance);
    return { database_id: row.id };
  },

  canCancel: () => true,

  async undo(platform, run) {
    const row =
      run.row.database_id === null ? undefined : await findDatabaseById(platform.state, run.row.database_id);
    if (!row) return;
    const instance = run.row.input.instance as InstanceId | "shared";
    await platform.pooler.unroute(row.database_name);
    await removeData(platform, { ...row, instance_id: instance });
    await deleteDatabaseRow(platform.state, row.id);
  },
};

/** The next database on the shared instance finds its copy of the template made; in the background. */
function keepSpares(platform: Platform, instance: InstanceId | "shared"): void {
  if (instance !== "shared") return;
  refillSpareDatabases(platform, instance, sharedSpares).catch((error: unknown) =>
    platform.observe({ type: "fault", where: "spare databases", error }),
  );
}

/** The owner logs in and gets an answer: only then is a database called ready. */
export async function proveReady(platform: Platform, row: DatabaseRow): Promise<void> {
  const client = await connectAs(platform, row.instance_id!, row.database_name, row.role_name);
  await client.query("select 1").finally(() => client.end());
}

async function requireRow(platform: Platform, operation: OperationRow): Promise<DatabaseRow> {
  const row =
    operation.database_id === null
      ? undefined
      : await findDatabaseById(platform.state, operation.database_id);
  if (!row) throw posternError("Y3005", "The database that this operation creates is gone.");
  return row;
}

/** @throws Y7009 */
export function requireProvisioning({ config }: Pick<Platform, "config">): void {
  if (config.provisioning === "on") return;
  throw posternError("Y7009", "This Postern makes no new databases: its administrator has disabled it.", {
    detail: "POSTERN_PROVISIONING is off.",
    hint: "Ask the administrator; databases that exist can be used as before.",
  });
}

export function explainTaken(error: unknown, name: string, user: string): unknown {
  if (!hasCode(error, "23505")) return error;
  if ((error as { constraint?: string }).constraint === "databases_role_name_key") {
    return posternError("Y3007", `The user name "${user}" is taken.`, {
      detail: "The pooler tells databases' owners apart by their names, so each name is used once.",
      hint: "Choose another user name.",
    });
  }
  return posternError("Y3002", `You have a database called "${name}" already.`, {
    hint: "Choose another name, or see `postern db list`.",
  });
}
