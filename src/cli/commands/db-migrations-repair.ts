/** In charge of `postern db migrations repair`: the ledger is made to fit the files; the schema is not touched. */
import { posternError } from "../../base/error.ts";
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import { findMigrationDirectory, readMigrationFiles } from "../migration-directory.ts";

const words = {
  accepted: "accepted as it is now",
  recorded: "noted as applied, not run",
  forgotten: "noted as not applied",
} as const;

export const run: CommandRun = async (context, input) => {
  const { output, prompt } = context;
  const repair = {
    accept: input.flag("acceptAll") ? ("all" as const) : input.list("accept"),
    applied: input.list("applied"),
    forget: input.list("forget"),
  };
  if (repair.accept.length + repair.applied.length + repair.forget.length === 0) {
    throw posternError("Y1013", "Say what is to be repaired.", {
      hint: "--accept NAME or --accept-all for changed files, --applied NAME, --forget NAME; `postern db migrations verify` shows what does not fit.",
    });
  }
  const { readMigrationBodies } = await import("../../migrations/migration-file.ts");
  const { repairLedger } = await import("../../migrations/repair-ledger.ts");
  const files = readMigrationBodies(
    await readMigrationFiles(await findMigrationDirectory(context.directory, input)),
  );
  if (!isConfirmed(input)) await prompt.confirm("Change the ledger? The schema itself stays as it is.");
  const done = await withPostgres(context, input, input.args[0], (client) =>
    repairLedger(client, files, repair),
  );
  await output.print(done, () => done.map((one) => `  ✓ ${one.name}  ${words[one.done]}`).join("\n"));
  if (done.length === 0) output.success("Nothing to repair");
  return undefined;
};
