/** In charge of `postern env destroy`. */
import type { EnvironmentInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { confirmDestruction } from "../confirm-destruction.ts";
import { namesOfServices } from "../describe-services.ts";
import { requireProjectRef } from "../project-reference.ts";

export const run: CommandRun = async (context, input) => {
  const { output, directory } = context;
  const ref = await requireProjectRef(directory, input.text("project"));
  const control = await context.account();
  const environment = await control.getEnvironment(ref, input.args[0]!);
  const { name, project } = environment;
  const services = await namesOfServices(control, ref, name);
  const skipSnapshot = input.flag("skipSnapshot");
  const question = `Destroy ${name} of ${project}? ${whatGoes([environment], services, skipSnapshot)}`;
  const subject = { name, environment, refusal: `${name} is protected.` };
  await confirmDestruction(context, input, subject, question);
  const operation = await control.destroyEnvironment(ref, name, {
    skipSnapshot: skipSnapshot || undefined,
    withBranches: input.flag("withBranches") || undefined,
  });
  await context.finish(control, operation, `Destroying ${name}`);
  output.success(`Destroyed ${name} of ${project}`);
  await output.print({ project: environment.project_id, environment: name, destroyed: true }, () => "");
  if (!skipSnapshot) output.talk(tellUndelete([environment]));
  return undefined;
};

export function whatGoes(
  environments: readonly EnvironmentInfo[],
  services: readonly string[],
  skipSnapshot: boolean,
): string {
  const databases = environments.flatMap((one) => one.services.map(({ database }) => database.name));
  return [
    services.length > 0 ? `Its services stop (${services.join(", ")}).` : "",
    databases.length > 0
      ? `This will destroy all data of ${databases.join(", ")}${skipSnapshot ? ", for good" : ""}.`
      : "It has no databases.",
  ]
    .filter((line) => line !== "")
    .join(" ");
}

export function tellUndelete(environments: readonly EnvironmentInfo[]): string {
  const ids = environments.flatMap((one) => one.services.map(({ database }) => database.id));
  return ids.map((id) => `  \`postern db undelete ${id}\` brings its database back for a while.`).join("\n");
}
