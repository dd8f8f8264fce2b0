/** In charge of the question before data is destroyed; a protected environment wants its name as well. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { type CommandInput, isConfirmed } from "./command-input.ts";
import type { CliContext } from "./context.ts";

interface Subject extends Pick<DatabaseInfo, "name"> {
  environment: { name: string; protected: boolean } | null;
  /** Said instead of which environment it serves. */
  refusal?: string;
}

/** @throws Y7010 Y1014 Y1015 */
export async function confirmDestruction(
  { prompt }: Pick<CliContext, "prompt">,
  input: CommandInput,
  info: Subject,
  question: string,
): Promise<void> {
  const { environment } = info;
  const given = input.text("confirm");
  if (environment?.protected && given !== environment.name) {
    const refusal = posternError(
      "Y7010",
      info.refusal ?? `${info.name} serves ${environment.name}, which is protected.`,
      {
        detail: given === undefined ? question : `--confirm says "${given}".`,
        hint: `Add --confirm ${environment.name} beside --yes if you are sure.`,
      },
    );
    await prompt.typed(`${question} Type ${environment.name} to go on.`, environment.name, refusal);
    return;
  }
  if (!isConfirmed(input)) await prompt.confirm(question);
}
