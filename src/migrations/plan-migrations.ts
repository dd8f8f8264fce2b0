/** In charge of comparing migration files with the ledger: what is applied, what is to come, what does not fit. Pure. */
import { posternError } from "../base/error.ts";
import type { MigrationFile } from "./migration-file.ts";
import { byName } from "./migration-file.ts";
import type { LedgerRow } from "./tracking-table.ts";

export interface PlannedMigration {
  name: string;
  /** `changed`: applied, and the file is another one now. `missing`: applied, and there is no file. */
  state: "applied" | "pending" | "changed" | "missing";
  /** Absent for a missing one. */
  file: MigrationFile | null;
  /** Absent for a pending one. */
  applied: LedgerRow | null;
}

/** Every file and every applied migration once, in the order of application. */
export function planMigrations(
  files: readonly MigrationFile[],
  ledger: readonly LedgerRow[],
): PlannedMigration[] {
  const rows = new Map(ledger.map((row) => [row.name, row]));
  const names = new Set(files.map((file) => file.name));
  const planned = files.map((file): PlannedMigration => {
    const applied = rows.get(file.name) ?? null;
    const state = applied === null ? "pending" : applied.checksum === file.checksum ? "applied" : "changed";
    return { name: file.name, state, file, applied };
  });
  const missing = ledger
    .filter((row) => !names.has(row.name))
    .map((row): PlannedMigration => ({ name: row.name, state: "missing", file: null, applied: row }));
  return [...planned, ...missing].sort(byName);
}

/** @throws Y5001 naming each file that was changed after it had been applied. */
export function refuseDrift(plan: readonly PlannedMigration[]): void {
  const changed = plan.filter((migration) => migration.state === "changed");
  if (changed.length === 0) return;
  const names = changed.map((migration) => migration.name).join(", ");
  const one = changed.length === 1;
  throw posternError("Y5001", `${names} ${one ? "was" : "were"} changed after being applied.`, {
    detail: changed
      .map(
        ({ name, file, applied }) =>
          `${name}: applied with checksum ${short(applied?.checksum)}, the file now has ${short(file?.checksum)}.`,
      )
      .join("\n"),
    hint: `Put ${one ? "the file" : "the files"} back as ${one ? "it was" : "they were"} and make the change in a new migration: \`postern db new NAME\`.`,
  });
}

/** @throws Y3036 naming each pending file that comes before an applied one */
export function refuseOutOfOrder(plan: readonly PlannedMigration[]): void {
  const newest = plan.findLast((migration) => migration.state === "applied" || migration.state === "missing");
  const late = plan.filter(
    (migration) => migration.state === "pending" && newest !== undefined && byName(migration, newest) < 0,
  );
  if (late.length === 0 || newest === undefined) return;
  const names = late.map(({ name }) => name).join(", ");
  throw posternError(
    "Y3036",
    `${names} would be applied after ${newest.name}, which comes later by its name.`,
    {
      detail: "Other databases would get them in another order.",
      hint: `Give ${late.length === 1 ? "it a name" : "them names"} after ${newest.name}, or leave out --strict.`,
    },
  );
}

/** Pending files, up to the one that `to` names by its name, with or without its ending, or by its number. @throws Y3035 */
export function upTo(plan: readonly PlannedMigration[], to: string | undefined): MigrationFile[] {
  const files = plan.flatMap(({ file }) => (file ? [file] : []));
  const last =
    to === undefined
      ? undefined
      : findMigration(
          files.map(({ name }) => name),
          to,
        );
  return plan.flatMap(({ name, state, file }) =>
    state === "pending" && file !== null && (last === undefined || byName({ name }, { name: last }) <= 0)
      ? [file]
      : [],
  );
}

/** @throws Y3035 */
export function findMigration(names: readonly string[], wanted: string): string {
  const exact = names.find((name) => name === wanted || name === `${wanted}.sql`);
  const byNumber = names.filter((name) => /^\d+/.exec(name)?.[0] === wanted);
  const found = exact ?? (byNumber.length === 1 ? byNumber[0] : undefined);
  if (found !== undefined) return found;
  throw posternError("Y3035", `There is no migration ${wanted}.`, {
    detail: names.length === 0 ? "There are none." : `There are ${names.join(", ")}.`,
  });
}

/** What is odd about a plan and no reason to refuse it. */
export function remarksOn(plan: readonly PlannedMigration[]): string[] {
  const remarks = plan
    .filter((migration) => migration.state === "missing")
    .map((migration) => `${migration.name} is applied, but there is no such file.`);
  const newest = plan.findLast((migration) => migration.state === "applied");
  for (const { name, state } of plan) {
    if (state !== "pending" || newest === undefined || byName({ name }, newest) > 0) continue;
    remarks.push(`${name} comes before ${newest.name}, which is already applied.`);
  }
  return remarks;
}

const short = (checksum: string | undefined): string => `${checksum?.slice(0, 12)}…`;
