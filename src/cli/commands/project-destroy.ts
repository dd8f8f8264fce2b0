/** In charge of `postern project destroy`. */
import type { CommandRun } from "../command-spec.ts";
import { confirmDestruction } from "../confirm-destruction.ts";
import { namesOfServices } from "../describe-services.ts";
import { requireProjectRef } from "../project-reference.ts";
import { tellUndelete, whatGoes } from "./env-destroy.ts";

export const run: CommandRun = async (context, input) => {
  const { output, directory } = context;
  const ref = await requireProjectRef(directory, input.args[0]);
  const control = await context.account();
  const project = await control.getProject(ref);
  const environments = await control.listEnvironments(project.id);
  const services = await Promise.all(
    environments.map(({ name }) => namesOfServices(control, project.id, name)),
  );
  const skipSnapshot = input.flag("skipSnapshot");
  const names = environments.map(({ name }) => name).join(", ") || "no environments";
  const question = `Destroy project ${project.name} with ${names}? ${whatGoes(environments, services.flat(), skipSnapshot)}`;
  // Its own name is asked for: one for each of its environments would be a ritual.
  const isProtected = environments.some((environment) => environment.protected);
  const subject = {
    name: project.name,
    environment: { name: project.name, protected: isProtected },
    refusal: `An environment of ${project.name} is protected.`,
  };
  await confirmDestruction(context, input, subject, question);
  const operation = await control.destroyProject(project.id, {
    skipSnapshot: skipSnapshot || undefined,
    withBranches: input.flag("withBranches") || undefined,
  });
  await context.finish(control, operation, `Destroying ${project.name}`);
  output.success(`Destroyed project ${project.name}`);
  await output.print({ project: project.id, destroyed: true }, () => "");
  if (!skipSnapshot) output.talk(tellUndelete(environments));
  return undefined;
};
