/** In charge of watching a deploy, a rollback or a restart to its end, and of telling what serves then. */
import type { Control } from "@postern/sdk/control";
import type { DeployResult, StartedRelease } from "@postern/sdk/protocol";
import type { CliContext } from "./context.ts";

export async function finishRelease(
  context: CliContext,
  control: Control,
  started: StartedRelease,
  what: { doing: string; done(result: DeployResult): string },
): Promise<undefined> {
  const { output } = context;
  const ended = await context.finish(control, started.operation, what.doing);
  const result = ended.result as DeployResult;
  output.success(what.done(result));
  await output.print(result, () =>
    result.services.map(({ service, url }) => `  ${service}  ${url ?? "(no port)"}`).join("\n"),
  );
  if (result.backup_id !== null)
    output.talk(`  A snapshot was taken before the schema was changed: ${result.backup_id}`);
  return undefined;
}
