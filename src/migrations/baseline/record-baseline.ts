/** In charge of a database that was there before its migrations: what is in it already is noted as applied and not run. */
import type { MigrationOutcome } from "@postern/sdk/protocol";
import type pg from "pg";
import { posternError } from "../../base/error.ts";
import type { MigrationFile } from "../migration-file.ts";
import { notRun, outcomeOf } from "../migration-outcome.ts";
import type { PlannedMigration } from "../plan-migrations.ts";
import { recordTakenOver } from "../tracking-table.ts";
import { readForeignTools } from "./foreign-tools.ts";
import { recogniseFiles } from "./recognise-files.ts";

/** @param all every one of these files is noted, because their last was named; else those that can be recognised */
export async function recordBaseline(
  client: pg.ClientBase,
  pending: readonly MigrationFile[],
  all: boolean,
  notes: string[],
): Promise<MigrationOutcome[]> {
  const recorded = new Map<string, Date>();
  if (all) for (const { name } of pending) recorded.set(name, new Date());
  else {
    const histories = await readForeignTools(client, pending);
    for (const { tool, table, applied, unknown } of histories) {
      for (const { file, appliedAt } of applied) recorded.set(file.name, appliedAt);
      notes.push(
        `${tool} has applied ${applied.length + unknown.length} (${table}), ${applied.length} of them are pending files here.`,
      );
      const changed = applied.filter((one) => one.changed).map(({ file }) => file.name);
      if (changed.length > 0) notes.push(`Changed since ${tool} applied it: ${changed.join(", ")}.`);
      if (unknown.length > 0) notes.push(`Without a file: ${unknown.join(", ")}.`);
    }
    if (histories.length === 0) {
      const seen = await recogniseFiles(client, pending);
      for (const { name } of seen.applied) recorded.set(name, new Date());
      notes.push(...seen.notes);
    }
  }
  const rows = pending.filter(({ name }) => recorded.has(name));
  await recordTakenOver(
    client,
    rows.map(({ name, checksum }) => ({
      name,
      checksum,
      appliedAt: recorded.get(name)!,
      durationMs: 0,
      noTransaction: false,
    })),
  );
  return pending.map((file) =>
    recorded.has(file.name) ? outcomeOf(file, { outcome: "recorded" }) : notRun(file),
  );
}

/** Another tool has applied them: they would fail, or worse, not fail. @throws Y3039 */
export async function refuseForeignLedger(
  client: pg.ClientBase,
  plan: readonly PlannedMigration[],
  pending: readonly MigrationFile[],
): Promise<void> {
  if (pending.length === 0 || plan.some(({ applied }) => applied !== null)) return;
  const history = (await readForeignTools(client, pending)).find(({ applied }) => applied.length > 0);
  if (!history) return;
  const { tool, table, applied } = history;
  throw posternError("Y3039", `${tool} has applied ${applied.length} of these migrations already.`, {
    detail: `Its ledger is ${table}: ${applied.map(({ file }) => file.name).join(", ")}.`,
    hint: "`postern db migrate --baseline` notes them as applied without running them.",
  });
}
