/** In charge of logical replication from a database to its copy on another server: what is written while it is copied. */
import pg from "pg";
import { sleep } from "../../base/clock.ts";
import { hasCode } from "../../base/error.ts";
import type { OperationRun } from "../../instances/operation-run.ts";
import type { Platform } from "../../instances/platform.ts";
import { serverLayout } from "../../instances/server-layout.ts";
import { withAdmin } from "../../instances/with-admin.ts";
import { adminRole } from "../../runtime/server-template.ts";
import type { DatabaseRow } from "../../state/databases.ts";
import type { ChangesDoor } from "./changes-door.ts";
import { CannotFollow, type Move } from "./move.ts";
import { readSchemaState, readTables } from "./read-tables.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

interface ChangedIdentity {
  table: string;
  identity: string;
}
const changedIdentities = (run: OperationRun) =>
  (run.row.input.replica_identities as ChangedIdentity[] | undefined) ?? [];

/** A slot's snapshot waits for every transaction that is open on the server. */
const slotPatienceMs = 60_000;

/**
 * What is written from now on is kept for the copy. `work` gets the snapshot behind which it is kept, which lasts as long
 * as `work` does, and the state of the schema from just before. @throws CannotFollow
 */
export async function keepChanges<Result>(
  platform: Platform,
  run: OperationRun,
  move: Move,
  work: (snapshot: string, schema: string) => Promise<Result>,
): Promise<Result> {
  await publish(platform, run, move);
  const schema = await withAdmin(platform, move.from.instance_id!, move.from.database_name, readSchemaState);
  const { host, database } = placeOf(platform, move.from);
  const options = { host, port: 5432, user: adminRole, database, replication: "database" };
  const session = new pg.Client(options as pg.ClientConfig);
  session.on("error", () => {});
  await session.connect();
  try {
    const making = session.query<{ snapshot_name: string }>(
      // The grammar of replication knows its words in capitals only.
      `CREATE_REPLICATION_SLOT ${name(move.name)} LOGICAL pgoutput (SNAPSHOT 'export')`,
    );
    const patience = new AbortController();
    const made = await Promise.race([
      making,
      sleep(slotPatienceMs, patience.signal).then(
        () => undefined,
        () => undefined,
      ),
    ]).finally(() => patience.abort());
    if (!made) throw new CannotFollow("another transaction on its server has been open for too long");
    return await work(made.rows[0]!.snapshot_name, schema);
  } finally {
    await session.end().catch(() => {});
  }
}

/** Rows without a key are told by all their columns as long as the move lasts. */
async function publish(platform: Platform, run: OperationRun, move: Move): Promise<void> {
  await withAdmin(platform, move.from.instance_id!, move.from.database_name, async (client) => {
    const tables = await readTables(client);
    const nameless = tables.filter(({ identifies }) => !identifies);
    await run.remember({
      replica_identities: nameless.map(({ name: table, identity }) => ({ table, identity })),
    });
    await client.query("set lock_timeout = '3s'");
    try {
      for (const table of nameless) await client.query(`alter table ${table.name} replica identity full`);
      if (tables.length > 0)
        await client.query(
          `create publication ${name(move.name)} for table ${tables.map((table) => `only ${table.name}`).join(", ")}`,
        );
      else await client.query(`create publication ${name(move.name)}`);
    } catch (error) {
      if (hasCode(error, "55P03")) throw new CannotFollow("a table is locked");
      throw error;
    }
  });
}

/** The copy begins to take over what was kept, and goes on with what comes. */
export async function subscribe(
  platform: Platform,
  move: Move,
  { host, port }: Pick<ChangesDoor, "host" | "port">,
): Promise<void> {
  const database = move.from.database_name;
  const connection = `host=${host} port=${port} user=${adminRole} dbname=${database}`;
  await withAdmin(platform, move.to.instance_id!, move.to.database_name, (client) =>
    client.query(`
      create subscription ${name(move.name)} connection ${text(connection)} publication ${name(move.name)}
        with (create_slot = false, slot_name = ${text(move.name)}, copy_data = false)`),
  );
}

const nearBytes = 1024 ** 2;
/** Without any progress. */
const standstillMs = 60_000;

/** Resolves when the copy is nearly up to date. @throws CannotFollow */
export async function comeNear(platform: Platform, run: OperationRun, move: Move): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let progressAt = performance.now();
  for (;;) {
    run.signal.throwIfAborted();
    const { rows } = await withAdmin(platform, move.from.instance_id!, "postgres", (client) =>
      client.query<{ behind: string }>(
        `select pg_wal_lsn_diff(pg_current_wal_flush_lsn(), confirmed_flush_lsn) as behind
           from pg_replication_slots where slot_name = $1`,
        [move.name],
      ),
    );
    const behind = Number(rows[0]?.behind ?? Number.POSITIVE_INFINITY);
    if (behind <= nearBytes) return;
    if (behind < least) {
      least = behind;
      progressAt = performance.now();
    }
    run.progress(behind, null, "bytes behind");
    await refuseFailing(platform, move);
    if (performance.now() - progressAt > standstillMs) throw new CannotFollow("its copy does not keep up");
    await sleep(100);
  }
}

/** Resolves when the copy has everything, to be called when nobody writes any more. @throws CannotFollow */
export async function catchUp(platform: Platform, source: pg.Client, move: Move): Promise<void> {
  // A commit of its own, which takes along to the disk what committed without waiting for it.
  const { rows } = await source.query<{ lsn: string }>(
    "select pg_logical_emit_message(true, 'postern_move', '')::text as lsn",
  );
  const deadline = performance.now() + 15_000;
  for (;;) {
    const { rowCount } = await source.query(
      "select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2::pg_lsn",
      [move.name, rows[0]!.lsn],
    );
    if (rowCount === 1) return;
    await refuseFailing(platform, move);
    if (performance.now() > deadline) throw new CannotFollow("its copy did not catch up in time");
    await sleep(20);
  }
}

async function refuseFailing(platform: Platform, move: Move): Promise<void> {
  const { rowCount } = await withAdmin(platform, move.to.instance_id!, "postgres", (client) =>
    client.query("select from pg_stat_subscription_stats where subname = $1 and apply_error_count > 0", [
      move.name,
    ]),
  );
  if (rowCount !== 0) throw new CannotFollow("its copy could not take over a change");
}

/** On the copy, which has everything. Repeatable. */
export async function unsubscribe(
  run: OperationRun,
  target: pg.Client,
  { name: subscription }: Pick<Move, "name">,
): Promise<void> {
  const { rowCount } = await target.query("select from pg_subscription where subname = $1", [subscription]);
  if (rowCount === 1) {
    await target.query(`alter subscription ${name(subscription)} disable`);
    await target.query(`alter subscription ${name(subscription)} set (slot_name = none)`);
    await target.query(`drop subscription ${name(subscription)}`);
  }
  await restoreIdentities(run, target);
}

/** On the original: nothing of the move is left in it. Repeatable. */
export async function forgetChanges(platform: Platform, run: OperationRun, move: Move): Promise<void> {
  await withAdmin(platform, move.from.instance_id!, move.from.database_name, async (client) => {
    await dropSlot(client, move.name);
    await client.query(`drop publication if exists ${name(move.name)}`);
    await restoreIdentities(run, client);
  });
}

/** Its reader takes a moment to go. */
export async function dropSlot(client: pg.Client, slot: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    await client.query(
      "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active",
      [slot],
    );
    try {
      await client.query(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1",
        [slot],
      );
      return;
    } catch (error) {
      if (!hasCode(error, "55006") || attempt > 100) throw error;
      await sleep(50);
    }
  }
}

async function restoreIdentities(run: OperationRun, client: pg.Client): Promise<void> {
  for (const { table, identity } of changedIdentities(run)) {
    const { rowCount } = await client.query("select where to_regclass($1) is not null", [table]);
    if (rowCount === 1)
      await client.query(`alter table ${table} replica identity ${identity === "n" ? "nothing" : "default"}`);
  }
}

const placeOf = (platform: Platform, row: DatabaseRow) => ({
  host: serverLayout(platform.config.home, row.instance_id!).socketDirectory,
  database: row.database_name,
});
