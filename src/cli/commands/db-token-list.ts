/** In charge of `postern db token list`. */
import type { TokenInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderColumns } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const tokens = await (await context.account()).listTokens(target.ref);
  const now = new Date();
  await output.print(tokens, () =>
    renderColumns([
      ["ID", "LABEL", "SCOPE", "TENANT", "CREATED", "EXPIRES", "LAST USED"],
      ...tokens.map((token) => [
        token.id,
        token.label,
        token.scope,
        token.tenant ?? "-",
        formatTime(token.created_at),
        expiryOf(token, now),
        token.last_used_at === null ? "never" : formatTime(token.last_used_at),
      ]),
    ]),
  );
  if (tokens.length === 0) output.talk("Only accounts reach it now. Run `postern db token create`.");
  return undefined;
};

function expiryOf({ expires_at: expiresAt }: TokenInfo, now: Date): string {
  if (expiresAt === null) return "never";
  return `${formatTime(expiresAt)}${new Date(expiresAt) <= now ? " (expired)" : ""}`;
}
