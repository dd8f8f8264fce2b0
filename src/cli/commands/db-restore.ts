/** In charge of `postern db restore`: a snapshot in the place of the data, or the data of a moment as a new database. */
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";
import { run as restoreBackup } from "./backup-restore.ts";

export const run: CommandRun = async (context, input) => {
  const at = input.text("at");
  const [named] = input.args;
  const database = named ?? input.text("database");
  if (named !== undefined && input.text("database") !== undefined)
    throw posternError("Y1013", "The database is named twice.", { hint: "Give its name, or --database." });
  if ((at === undefined) === (input.text("snapshot") === undefined))
    throw posternError("Y1013", "What is to be restored?", {
      hint: 'Give --snapshot ID, or --at "2026-11-21 10:15:00Z".',
    });
  if (at === undefined) return restoreBackup(context, withDatabase(input, database));
  const { output } = context;
  const target = await requireDatabase(context, input, database);
  const control = await context.account();
  const name = input.text("name");
  const created = await control.restoreToTime(target.ref, { at, ...(name === undefined ? {} : { name }) });
  const operation = await control.getOperation(created.operation_id);
  await context.finish(control, operation, `Restoring ${created.name}`);
  const ready = {
    ...(await control.getDatabase(created.id)),
    token: created.token,
    operation_id: operation.id,
  };
  output.success(`Restored to ${at} as ${created.name}\n`);
  await output.print(ready, () =>
    renderFields([
      ["ID", ready.id],
      ["Host", ready.host],
      ["Token", ready.token],
    ]),
  );
  output.talk(
    `The token is shown only now. The old database is as it was.\n  postern db promote ${created.name}    puts this one in its place\n  postern db destroy ${created.name}    drops it`,
  );
  return undefined;
};

function withDatabase(input: CommandInput, database: string | undefined): CommandInput {
  return {
    args: [],
    text: (option) => (option === "database" ? database : input.text(option)),
    flag: (option) => input.flag(option),
    list: (option) => input.list(option),
  };
}
