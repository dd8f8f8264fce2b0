/** In charge of `postern db kill`: ends a session of a database, or only the statement that it runs. */
import { posternError } from "../../base/error.ts";
import { endSession } from "../../postgres/end-session.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";

export const run: CommandRun = async (context, input) => {
  const pid = readPid(input.args[0]!);
  const onlyStatement = input.flag("cancel");
  const ended = await withPostgres(context, input, input.text("database"), (client) =>
    endSession(client, pid, { onlyStatement }),
  );
  const { user, application, statement } = ended;
  await context.output.print(ended, () => "");
  context.output.success(
    `${onlyStatement ? "Canceled the statement of" : "Ended"} session ${pid} of ${user} (${application})${statement ? `: ${statement}` : ""}`,
  );
  return undefined;
};

/** @throws Y1013 */
function readPid(text: string): number {
  const pid = Number(text);
  if (/^\d{1,9}$/.test(text) && pid > 1) return pid;
  throw posternError("Y1013", `${text} is no process id.`, {
    hint: "`postern db inspect activity` and `postern db inspect blocking` show them.",
  });
}
