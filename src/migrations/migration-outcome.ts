/** In charge of what is told about one file of a run. */
import type { MigrationOutcome } from "@postern/sdk/protocol";
import type { MigrationFile } from "./migration-file.ts";

export function outcomeOf(file: MigrationFile, outcome: Partial<MigrationOutcome>): MigrationOutcome {
  return { ...notRun(file), ...outcome };
}

export function notRun(file: MigrationFile): MigrationOutcome {
  return {
    name: file.name,
    outcome: "not_run",
    duration_ms: null,
    no_transaction: false,
    error: null,
    notes: [],
  };
}
