/** In charge of `postern db token create`. */
import type { CreateTokenRequest } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const request: CreateTokenRequest = { scope: input.flag("readOnly") ? "read_only" : "full" };
  const label = input.text("label");
  if (label !== undefined) request.label = label;
  const tenant = input.text("tenant");
  if (tenant !== undefined) request.tenant = tenant;
  const expires = input.text("expires");
  if (expires !== undefined) request.expires_in = expires;
  const created = await (await context.account()).createToken(target.ref, request);
  output.success(`Created token ${created.label}\n`);
  await output.print(created, () =>
    renderFields([
      ["ID", created.id],
      ["Scope", created.scope],
      ...(created.tenant === null ? [] : [["Tenant", created.tenant] as [string, string]]),
      ["Expires", created.expires_at === null ? "never" : formatTime(created.expires_at)],
      ["Token", created.token],
    ]),
  );
  output.talk("The token is shown only now.");
  for (const warning of created.warnings ?? []) output.warn(warning);
  if (created.warnings?.length)
    output.talk("Every tenant reaches these. `postern db rls init` writes policies.");
  return undefined;
};
