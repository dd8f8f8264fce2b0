/** In charge of which environment of which project the commands of releases are about. */
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { requireProjectRef } from "./project-reference.ts";

export interface ReleaseTarget {
  project: string;
  environment: string;
}

/** @throws Y1013 */
export async function requireReleaseTarget(context: CliContext, input: CommandInput): Promise<ReleaseTarget> {
  const project = await requireProjectRef(context.directory, input.text("project"));
  const named = input.text("env") ?? (process.env.POSTERN_ENV || undefined);
  if (named !== undefined) return { project, environment: named };
  const environments = await (await context.account()).listEnvironments(project);
  const [only, ...others] = environments;
  if (only && others.length === 0) return { project, environment: only.name };
  throw posternError("Y1013", "Which environment is meant?", {
    ...(only ? { detail: `The project has: ${environments.map(({ name }) => name).join(", ")}.` } : {}),
    hint: "Give --env, or set POSTERN_ENV.",
  });
}
