/**
 * In charge of putting one database in the place of another: what the one holds is reached by the name, the id, the tokens
 * and the URLs of the other from then on, and the replaced one lives on under the first one's id.
 */
import { posternError } from "../base/error.ts";
import type { AccountId, DatabaseId } from "../base/id.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import type { QueryService } from "../query/query-service.ts";
import { type DatabaseRow, findDatabaseById, findDatabases, updateDatabase } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { requireAwake, requireReady } from "./require-ready.ts";
import { planServers, type ServerSwap, swapServers } from "./swap-servers.ts";
import { areTenantsSwapped, type SwapPair, swapTenants } from "./swap-tenants.ts";

type Sessions = Pick<QueryService, "closeDatabase">;

/** @param replaced undefined: the one that it was restored from. @throws Y3004 Y6027 */
export async function requestPromote(
  platform: Platform,
  accountId: AccountId,
  row: DatabaseRow,
  replaced: DatabaseRow | undefined,
): Promise<OperationRow> {
  const other =
    replaced ??
    (row.restored_from === null ? undefined : await findDatabaseById(platform.state, row.restored_from));
  if (!other || other.destroyed_at !== null)
    throw notPromotable(
      row,
      "It was restored from no database that is still there.",
      "Name the database to replace with --replace.",
    );
  if (other.id === row.id) throw notPromotable(row, "A database cannot replace itself.");
  if (other.account_id !== row.account_id)
    throw notPromotable(row, `${other.name} belongs to another account.`);
  if (row.isolation === "external" && other.instance_id !== row.instance_id)
    throw notPromotable(row, `${other.name} is on another instance.`);
  if (other.isolation !== row.isolation)
    throw notPromotable(
      row,
      `Only one of ${row.name} and ${other.name} has a server of its own.`,
      "`db scale` moves a database; or restore a backup into the old one.",
    );
  for (const one of [row, other]) requireAwake(requireReady(one));
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "promote_database",
      databaseId: other.id,
      accountId,
      input: { promoted: row.id },
    }),
  );
}

const notPromotable = (row: DatabaseRow, detail: string, hint?: string) =>
  posternError("Y6027", `${row.name} cannot be promoted.`, { detail, ...(hint ? { hint } : {}) });

export const promoteDatabase = (sessions: Sessions): OperationHandler => ({
  async run(platform, run) {
    const pair = await requirePair(platform, run);
    const name = (run.row.input.replaced_name as string | undefined) ?? (await freeName(platform, pair.kept));
    await run.remember({ replaced_name: name });
    if (!isOnOwnServer(pair.kept)) await promoteTenant(platform, run, sessions, pair);
    else await promoteServer(platform, run, sessions, pair);
    await run.step("tidy up", async () => {
      await updateDatabase(platform.state, pair.promoted.id, {
        name,
        restored_from: null,
        restored_to: null,
      });
      await reopen(platform, pair);
    });
    return { database_id: pair.kept.id, replaced_id: pair.promoted.id, replaced_name: name };
  },

  async undo(platform, run) {
    const pair = await requirePair(platform, run);
    const swap = run.row.input.servers as ServerSwap | undefined;
    // What was under way with the servers goes back to where it was.
    if (swap) {
      const { kept, promoted } = swap;
      const before = {
        kept: { ...kept, instance: promoted.instance },
        promoted: { ...promoted, instance: kept.instance },
      };
      await swapServers(platform, before, pair);
    }
    await reopen(platform, pair);
  },
});

async function promoteTenant(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  pair: SwapPair,
): Promise<void> {
  // A predecessor may have been killed after the swap.
  if (await areTenantsSwapped(platform, pair, run.id)) return;
  await run.step("swap", async () => {
    await close(platform, sessions, pair);
    await swapTenants(platform, pair, run.id);
  });
}

async function promoteServer(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  pair: SwapPair,
): Promise<void> {
  const swap = (run.row.input.servers as ServerSwap | undefined) ?? (await planServers(platform, pair));
  await run.remember({ servers: swap });
  await run.step("swap", async () => {
    await close(platform, sessions, pair);
    await swapServers(platform, swap, pair);
  });
}

async function close(platform: Platform, sessions: Sessions, pair: SwapPair): Promise<void> {
  for (const row of [pair.kept, pair.promoted]) {
    await updateDatabase(platform.state, row.id, { status: "restoring" });
    await platform.pooler.pause(row.database_name);
    await sessions.closeDatabase(row.id);
  }
}

async function reopen(platform: Platform, pair: SwapPair): Promise<void> {
  for (const row of [pair.kept, pair.promoted]) {
    await platform.pooler.resume(row.database_name);
    await updateDatabase(platform.state, row.id, { status: "ready" });
  }
}

/** `shop` → `shop-replaced-20261121-101500`. */
async function freeName(platform: Platform, kept: DatabaseRow): Promise<string> {
  const stamp = platform.clock
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:]/g, "")
    .replace("T", "-");
  const base = `${kept.name.slice(0, 63 - stamp.length - 12)}-replaced-${stamp}`;
  const taken = await findDatabases(platform.state, {
    ref: base,
    accountId: kept.account_id,
    destroyed: false,
  });
  return taken.length === 0 ? base : `${base}-2`;
}

async function requirePair(platform: Platform, run: OperationRun): Promise<SwapPair> {
  const [kept, promoted] = await Promise.all([
    findDatabaseById(platform.state, run.row.database_id!),
    findDatabaseById(platform.state, run.row.input.promoted as DatabaseId),
  ]);
  if (kept && promoted) return { kept, promoted };
  throw posternError("Y3001", "One of the two databases is gone.");
}
