/** In charge of `postern db connect`: an SQL session. */
import type { CommandRun } from "../command-spec.ts";
import { runPsql } from "../run-psql.ts";

export const run: CommandRun = async (context, input) => {
  if (input.flag("psql")) return runPsql(context, input);
  const { runShell } = await import("../shell/run-shell.ts");
  return runShell(context, input);
};
