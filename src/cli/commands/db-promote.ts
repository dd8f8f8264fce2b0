/** In charge of `postern db promote`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const control = await context.account();
  const info = await control.getDatabase(input.args[0]!);
  const replace = input.text("replace");
  if (!isConfirmed(input)) {
    const place = replace ?? "the database that it was restored from";
    await context.prompt.confirm(
      `Put ${info.name} (${info.id}) in the place of ${place}? Its sessions end; its data is kept under another name.`,
    );
  }
  const operation = await control.promoteDatabase(info.id, replace === undefined ? {} : { replace });
  const ended = await context.finish(control, operation, `Promoting ${info.name}`);
  const result = ended.result as { database_id: string; replaced_id: string; replaced_name: string };
  const now = await control.getDatabase(result.database_id);
  output.success(`${now.name} (${now.id}) has the data of ${info.name} now`);
  output.talk(`  What it had is in ${result.replaced_name} (${result.replaced_id}).`);
  await output.print(
    { ...now, replaced_id: result.replaced_id, replaced_name: result.replaced_name },
    () => "",
  );
  return undefined;
};
