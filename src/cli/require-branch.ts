/** In charge of a command's branch: the database that is meant, which must be a branch of another one. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { requireDatabase } from "./target.ts";

/** @throws Y3070 */
export async function requireBranch(
  context: CliContext,
  input: CommandInput,
): Promise<DatabaseInfo & { parent_id: string }> {
  const target = await requireDatabase(context, input, input.args[0]);
  const info = await (await context.forDatabase(target)).getDatabase(target.ref);
  if (info.parent_id !== null) return { ...info, parent_id: info.parent_id };
  throw posternError("Y3070", `Database ${info.name} is not a branch.`, {
    hint: "`postern db branch list` shows the branches of a database.",
  });
}
