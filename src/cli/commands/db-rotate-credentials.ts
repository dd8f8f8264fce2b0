/** In charge of `postern db rotate-credentials`. */
import type { DatabaseInfo, RotatedCredentials } from "@postern/sdk/protocol";
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { formatTime } from "../format.ts";
import { linkProject } from "../link-project.ts";
import { findProject } from "../project-file.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";
import { tellRestarts } from "../tell-restarts.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const info = await control.getDatabase(target.ref);
  const grace = input.text("grace");
  if (!isConfirmed(input)) {
    const end = grace === undefined ? "now" : `in ${grace}`;
    const services = info.environment ? " Services that were deployed are started anew." : "";
    await context.prompt.confirm(
      `Rotate the credentials of ${info.name} (${info.id})? The old password ends now; its token and open connections end ${end}.${services}`,
    );
  }
  const rotated = await control.rotateCredentials(target.ref, {
    ...(grace === undefined ? {} : { grace }),
    ...(input.flag("allTokens") ? { all_tokens: true } : {}),
  });
  const saved = await saveToken(context, info, rotated.token);
  output.success(`Rotated the credentials of ${info.name}\n`);
  await output.print(rotated, () =>
    renderFields([
      ["Token", saved ? `${rotated.token.slice(0, 12)}...` : rotated.token],
      ["Old token ends", formatTime(rotated.grace_until)],
    ]),
  );
  if (saved) output.success("Token saved to .postern/config.json");
  else output.talk("The token is shown only now.");
  await tellRestarts(context, control, rotated.restarting);
  tellWhatToDo(context, info, rotated);
  return undefined;
};

/** Of a folder that is linked to this database. */
async function saveToken(context: CliContext, info: DatabaseInfo, token: string): Promise<boolean> {
  const project = await findProject(context.directory);
  if (project?.link.database_id !== info.id) return false;
  await linkProject(context, info, token);
  return true;
}

function tellWhatToDo({ output }: CliContext, { name }: DatabaseInfo, rotated: RotatedCredentials): void {
  if (!rotated.applied)
    output.warn(`The server does not take the new password yet: postern ops watch ${rotated.operation_id}`);
  output.talk(`
Whatever else connects to ${name} needs the new ones:
  DATABASE_URL, DIRECT_URL, PRISMA_DATABASE_URL   postern db url ${name} --reveal
  DATABASE_TOKEN                                  the token above`);
  const ending = rotated.ending_tokens.filter(({ label }) => label !== "master");
  if (ending.length > 0) output.talk(`Other tokens that end: ${ending.map(({ label }) => label).join(", ")}`);
  if (rotated.staying_tokens.length > 0) {
    const labels = rotated.staying_tokens.map(({ label }) => label).join(", ");
    output.talk(`Tokens that stay as they are: ${labels} (\`postern db token revoke\` ends one)`);
  }
}
