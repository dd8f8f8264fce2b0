/** In charge of a ledger that does not fit the files: what is wrong with it, and what of it is put right. */
import type pg from "pg";
import { posternError } from "../base/error.ts";
import type { MigrationFile } from "./migration-file.ts";
import { withMigrationLock } from "./migration-lock.ts";
import { findMigration, planMigrations } from "./plan-migrations.ts";
import {
  acceptChecksum,
  ensureFullLedger,
  forgetMigration,
  readLedger,
  recordMigration,
} from "./tracking-table.ts";

export interface LedgerRepair {
  /** Take the files as they are now: these, or all that were changed. */
  accept: readonly string[] | "all";
  /** Note as applied without running. */
  applied: readonly string[];
  /** Note as not applied. */
  forget: readonly string[];
}

export interface RepairedMigration {
  name: string;
  done: "accepted" | "recorded" | "forgotten";
}

/** All of it or nothing. @throws Y3035 for a name that fits nothing, Y5003 */
export async function repairLedger(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
  repair: LedgerRepair,
): Promise<RepairedMigration[]> {
  return withMigrationLock({ client, signal: undefined }, 10_000, async () => {
    await ensureFullLedger(client);
    await client.query("begin");
    try {
      const done = await repairRows(client, files, repair);
      await client.query("commit");
      return done;
    } catch (error) {
      await client.query("rollback").catch(() => {});
      throw error;
    }
  });
}

async function repairRows(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
  { accept, applied, forget }: LedgerRepair,
): Promise<RepairedMigration[]> {
  const plan = planMigrations(files, await readLedger(client));
  const named = (wanted: string, states: readonly string[]) =>
    findMigration(
      plan.filter(({ state }) => states.includes(state)).map(({ name }) => name),
      wanted,
    );
  const changed = plan.filter(({ state }) => state === "changed").map(({ name }) => name);
  const accepted = accept === "all" ? changed : accept.map((name) => named(name, ["changed"]));
  const fileOf = (name: string) => files.find((file) => file.name === name)!;
  const done: RepairedMigration[] = [];
  for (const name of accepted) {
    await acceptChecksum(client, name, fileOf(name).checksum);
    done.push({ name, done: "accepted" });
  }
  for (const wanted of applied) {
    const { name, checksum } = fileOf(named(wanted, ["pending"]));
    await recordMigration(client, { name, checksum, durationMs: 0, noTransaction: false });
    done.push({ name, done: "recorded" });
  }
  for (const wanted of forget) {
    const name = named(wanted, ["applied", "changed", "missing"]);
    if (!(await forgetMigration(client, name))) throw posternError("Y3035", `${name} is not applied.`);
    done.push({ name, done: "forgotten" });
  }
  return done;
}
