/**
 * In charge of what a replaced content leaves to be done once clients work with the new one: the old database is dropped,
 * for which Postgres writes a checkpoint, and the planner's statistics are made as good as usual.
 */
import { messageOf } from "../base/error.ts";
import { withLook } from "../instances/awake-session.ts";
import { dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import { findDatabaseById } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import { forgetReplaced, listReplaced, type ReplacedDatabase } from "../state/replaced-databases.ts";

export const settleReplacedTask = "settle replaced databases";

/** Repeatable; a row is forgotten when nothing is left to be done. */
export async function settleReplaced(platform: Platform): Promise<void> {
  const outcomes = await Promise.allSettled(
    (await listReplaced(platform.state)).map((replaced) => settle(platform, replaced)),
  );
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed && !platform.stopping.aborted) throw failed.reason;
}

async function settle(platform: Platform, replaced: ReplacedDatabase): Promise<void> {
  // One that sleeps is looked at when it is awake.
  if (platform.stopping.aborted || !(await isAwake(platform, replaced))) return;
  await dropPhysicalDatabase(platform, replaced, replaced.name);
  await analyze(platform, replaced).catch((error: unknown) =>
    // Autovacuum does it in its time.
    platform.observe({
      type: "maintenance",
      task: settleReplacedTask,
      event: "failed",
      detail: messageOf(error),
    }),
  );
  await forgetReplaced(platform.state, replaced.name);
}

async function isAwake(platform: Platform, { instance_id: id }: ReplacedDatabase): Promise<boolean> {
  const instance = await findInstance(platform.state, id);
  if (instance?.status !== "running") return false;
  return (await withLook(platform, instance, {}, async () => true)) === true;
}

/** As the owner, like everything that runs what a tenant made: indexes have expressions. */
async function analyze(
  platform: Platform,
  { database_id: id, instance_id }: ReplacedDatabase,
): Promise<void> {
  const row = await findDatabaseById(platform.state, id);
  if (row?.status !== "ready" || row.paused_at !== null || row.instance_id !== instance_id) return;
  const owner = await connectAs(platform, instance_id, row.database_name, row.role_name);
  try {
    await owner.query(
      "set search_path = ''; set statement_timeout = 0; set default_transaction_read_only = off",
    );
    // A table that somebody changes is left to autovacuum: nobody waits for this, and this for nobody.
    await owner.query("analyze (skip_locked)");
  } finally {
    await owner.end();
  }
}
