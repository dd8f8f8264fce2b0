/** In charge of `postern db migrations verify`: does what is applied fit the files? */
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandRun } from "../command-spec.ts";
import { plural } from "../format.ts";
import { findMigrationDirectory, readMigrationFiles } from "../migration-directory.ts";
import { withMigrationTarget } from "../migration-target.ts";
import { renderStates } from "./db-migrate.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const files = await readMigrationFiles(await findMigrationDirectory(context.directory, input));
  const states = await withMigrationTarget(context, input, (target) => target.compare(files));
  const newest = states.findLast(({ state }) => state === "applied")?.name;
  const wrong = states.filter(
    ({ name, state, plan }) =>
      state === "changed" ||
      state === "missing" ||
      (state === "pending" &&
        ((plan?.statements_done ?? 0) > 0 ||
          states.findIndex((one) => one.name === name) < states.findIndex((one) => one.name === newest))),
  );
  await output.print(wrong, () => (wrong.length === 0 ? "" : renderStates(wrong, false)));
  if (wrong.length === 0) {
    output.success(`${plural(states.length, "migration")} fit what is applied`);
    return undefined;
  }
  output.talk(
    `${plural(wrong.length, "migration")} of ${states.length} ${wrong.length === 1 ? "does" : "do"} not fit. Put the files back, or: postern db migrations repair`,
  );
  return exitCodes.conflict;
};
