/** In charge of showing what a service, or the steps of a deploy, wrote: its end, and what is added until ^C. */
import type { LogPart } from "@postern/sdk/protocol";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { readCount } from "./read-count.ts";
import { requireReleaseTarget } from "./release-target.ts";

const pollMs = 500;

export async function showServiceLog(
  context: CliContext,
  input: CommandInput,
  service: string | undefined,
): Promise<undefined> {
  const { project, environment } = await requireReleaseTarget(context, input);
  const control = await context.account();
  const release = readCount(input, "release");
  const read = (part: { lines?: number; offset?: number }): Promise<LogPart> =>
    release === undefined
      ? control.readServiceLog(project, environment, service!, part)
      : control.readDeployLog(project, environment, release, part);
  let { text, offset } = await read({ lines: readCount(input, "lines") ?? 100 });
  if (text !== "") process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  while (input.flag("follow")) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    ({ text, offset } = await read({ offset }));
    process.stdout.write(text);
  }
  return undefined;
}
