/** In charge of `postern admin gateway token list`. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context) => {
  const { output } = context;
  const tokens = await (await context.account()).listGatewayTokens();
  await output.print(tokens, () =>
    renderColumns([
      ["ID", "NAME", "CREATED", "LAST USED"],
      ...tokens.map((token) => [
        token.id,
        token.name,
        formatTime(token.created_at),
        token.last_used_at === null ? "never" : formatTime(token.last_used_at),
      ]),
    ]),
  );
  if (tokens.length === 0)
    output.talk("No gateway is let in. Run `postern admin gateway token create NAME`.");
  return undefined;
};
