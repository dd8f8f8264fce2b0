/**
 * In charge of two databases of the shared server changing places: databases and their owners' roles change names in one
 * transaction, so what a database holds goes on belonging to its owner, whatever that one is called.
 */
import pg from "pg";
import { sleep } from "../base/clock.ts";
import { hasCode } from "../base/error.ts";
import type { OperationId } from "../base/id.ts";
import { clientRoles } from "../instances/client-access.ts";
import { roleExists } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import type { DatabaseRow } from "../state/databases.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

export interface SwapPair {
  /** Whose name, id, tokens and URLs stay in use. */
  kept: DatabaseRow;
  /** Whose contents do. */
  promoted: DatabaseRow;
}

const markOf = (operation: OperationId) => `promoted by ${operation}`;

/** The mark is written with the swap, so it tells after a crash. */
export async function areTenantsSwapped(
  platform: Platform,
  { kept }: SwapPair,
  operation: OperationId,
): Promise<boolean> {
  return withAdmin(platform, kept.instance_id!, "postgres", async (client) => {
    const { rows } = await client.query<{ mark: string | null }>(
      "select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1",
      [kept.database_name],
    );
    return rows[0]?.mark === markOf(operation);
  });
}

/** Ends all sessions of both. */
export async function swapTenants(platform: Platform, pair: SwapPair, operation: OperationId): Promise<void> {
  const { kept, promoted } = pair;
  const databases = [kept.database_name, promoted.database_name];
  await withAdmin(platform, kept.instance_id!, "postgres", async (client) => {
    for (const database of databases)
      await client.query(`alter database ${name(database)} with allow_connections false`);
    try {
      await swapUntilDone(client, pair, operation, databases);
    } finally {
      for (const database of databases)
        await client.query(`alter database ${name(database)} with allow_connections true`);
    }
  });
}

async function swapUntilDone(
  client: pg.Client,
  pair: SwapPair,
  operation: OperationId,
  databases: string[],
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = any($1)", [
      databases,
    ]);
    try {
      await client.query("begin");
      await swapOnce(client, pair);
      await client.query(
        `comment on database ${name(pair.kept.database_name)} is ${text(markOf(operation))}; commit`,
      );
      return;
    } catch (error) {
      await client.query("rollback");
      // A session that was told to end takes a moment to do so.
      if (!hasCode(error, "55006") || attempt > 20) throw error;
      await sleep(100);
    }
  }
}

async function swapOnce(client: pg.Client, { kept, promoted }: SwapPair): Promise<void> {
  const aside = name(`${kept.database_name}_aside`);
  const [a, b] = [kept, promoted];
  await client.query(`
    alter database ${name(a.database_name)} rename to ${aside};
    alter database ${name(b.database_name)} rename to ${name(a.database_name)};
    alter database ${aside} rename to ${name(b.database_name)}`);
  await swapRoles(client, a.role_name, b.role_name);
  const [ofA, ofB] = [clientRoles(a.database_name), clientRoles(b.database_name)];
  await swapRoles(client, ofA.authenticated, ofB.authenticated);
  await swapRoles(client, ofA.anonymous, ofB.anonymous);
  for (const [row, other] of [
    [a, b],
    [b, a],
  ] as const) {
    await client.query(
      `alter role ${name(row.role_name)} connection limit ${Number(row.connection_limit)} password ${text(row.scram_verifier)}`,
    );
    // pg_hba lets an owner of another name in by its being a member of the role that is named as the database is.
    if (row.role_name !== row.database_name)
      await client.query(`
        revoke ${name(row.database_name)} from ${name(other.role_name)};
        grant ${name(row.database_name)} to ${name(row.role_name)} with inherit false, set false`);
  }
}

/** One may be missing. */
async function swapRoles(client: pg.Client, a: string, b: string): Promise<void> {
  const [hasA, hasB] = [await roleExists(client, a), await roleExists(client, b)];
  const aside = name(`${a}_aside`);
  if (hasA) await client.query(`alter role ${name(a)} rename to ${aside}`);
  if (hasB) await client.query(`alter role ${name(b)} rename to ${name(a)}`);
  if (hasA) await client.query(`alter role ${aside} rename to ${name(b)}`);
}
