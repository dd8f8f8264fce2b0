/** In charge of `postern admin gateway token revoke`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async (context, input) => {
  const ref = input.args[0]!;
  const control = await context.account();
  if (!isConfirmed(input))
    await context.prompt.confirm(
      `Revoke gateway token ${ref}? Gateways that use it answer nothing any more.`,
    );
  const revoked = await control.revokeGatewayToken(ref);
  context.output.success(`Revoked gateway token ${revoked.name} (${revoked.id})`);
  await context.output.print(revoked, () => "");
  return undefined;
};
