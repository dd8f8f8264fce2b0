/** In charge of watching services that are started anew because what they are given has changed, and of telling how it went. */
import type { Control } from "@postern/sdk/control";
import type { RestartedServices } from "@postern/sdk/protocol";
import type { CliContext } from "./context.ts";

export async function tellRestarts(
  context: CliContext,
  control: Control,
  restarting: readonly RestartedServices[],
): Promise<void> {
  const { output } = context;
  for (const { environment, project_id: project, operation_id: id } of restarting) {
    const operation = await control.getOperation(id);
    const ended = await context.follow(control, operation, `Starting the services of ${environment} anew`);
    if (ended.status === "completed") {
      output.success(`The services of ${environment} were started anew, with the new values`);
      continue;
    }
    output.warn(
      `The services of ${environment} could not be started anew, and those that run have the old values: ${ended.error?.message ?? ended.status}`,
    );
    output.talk(`  postern service restart --env ${environment} --project ${project}`);
  }
}
