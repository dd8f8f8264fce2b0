/** In charge of `postern admin gateway token create`. */
import type { CommandRun } from "../command-spec.ts";
import { renderFields } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const created = await (await context.account()).createGatewayToken(input.args[0]!);
  output.success(`Created gateway token ${created.name}\n`);
  await output.print(created, () =>
    renderFields([
      ["ID", created.id],
      ["Token", created.token],
    ]),
  );
  output.talk("The token is shown only now. Whoever has it may ask for what opens every database.");
  output.talk(
    "Give it to a gateway as POSTERN_GATEWAY_TOKEN, or in a file: postern gateway --token-file FILE",
  );
  return undefined;
};
