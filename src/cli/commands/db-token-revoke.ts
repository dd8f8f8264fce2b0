/** In charge of `postern db token revoke`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const [ref] = input.args;
  const target = await requireDatabase(context, input, input.text("database"));
  const control = await context.account();
  if (!isConfirmed(input)) {
    const { name, id } = await control.getDatabase(target.ref);
    await context.prompt.confirm(
      `Revoke token ${ref} of ${name} (${id})? Whoever uses it is shut out at once.`,
    );
  }
  const revoked = await control.revokeToken(target.ref, ref!);
  context.output.success(`Revoked token ${revoked.label} (${revoked.id})`);
  await context.output.print(revoked, () => "");
  return undefined;
};
