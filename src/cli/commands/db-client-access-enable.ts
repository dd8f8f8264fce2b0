/** In charge of `postern db client-access enable`. */
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";
import { renderClientAccess } from "./db-client-access-show.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const { id } = await control.getDatabase(target.ref);
  const info = await control.enableClientAccess(id, {
    issuer: settingOf(input.text("issuer")),
    audience: settingOf(input.text("audience")),
  });
  output.success(`client-access ${info.changed ? "" : "already "}enabled on ${id}`);
  await output.print(info, () => renderClientAccess(info));
  for (const warning of info.warnings ?? []) output.warn(warning);
  if (info.issuer === null)
    output.talk(
      "  There is no issuer, so no user's token is taken: every client is anon. --issuer sets one.",
    );
  return undefined;
};

/** An empty one goes back to the server's. */
const settingOf = (text: string | undefined): string | null | undefined => (text === "" ? null : text);
