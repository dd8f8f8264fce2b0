/** In charge of bringing an environment's databases in line with the project's manifest, for `postern apply` and whatever deploys. */
import type { ApplyRequest, ApplyResult, ManagedServiceWishes } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { suggest } from "../manifest/suggest.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { nameAfterFolder, type ProjectManifest } from "./project-manifest.ts";
import { findProjectReference, linkProjectReference } from "./project-reference.ts";

export interface AppliedManifest {
  result: ApplyResult;
  /** As it is for the environment. */
  manifest: Manifest;
}

/** @throws Y1013 Y7004 */
function chooseEnvironment(manifest: ProjectManifest, input: CommandInput): string {
  const { environments } = manifest;
  const wanted = input.text("env") ?? (process.env.POSTERN_ENV || undefined);
  const [only, ...others] = environments;
  if (wanted === undefined) {
    if (only !== undefined && others.length === 0) return only;
    throw posternError("Y1013", "Which environment is meant?", {
      ...(only === undefined ? {} : { detail: `${manifest.file} has: ${environments.join(", ")}.` }),
      hint: "Give --env, or set POSTERN_ENV.",
    });
  }
  // Where environments are declared, another name is a typing mistake that would make a database.
  if (only === undefined || environments.includes(wanted)) return wanted;
  const near = suggest(wanted, environments);
  throw posternError("Y7004", `${manifest.file} has no environment "${wanted}".`, {
    detail: `It has: ${environments.join(", ")}.`,
    hint: near === undefined ? `Add it under environments: "${wanted}: {}".` : `Did you mean "${near}"?`,
  });
}

/** Resolves when all work that it began has ended; with `plan` nothing is begun. */
export async function applyManifest(
  context: CliContext,
  input: CommandInput,
  source: ProjectManifest,
  { plan = false }: { plan?: boolean } = {},
): Promise<AppliedManifest> {
  const environment = chooseEnvironment(source, input);
  const manifest = source.forEnvironment(environment);
  const control = await context.account();
  const linked = await findProjectReference(source.directory);
  const isProtected = manifest.environments[environment]?.protected;
  const request: ApplyRequest = {
    project:
      input.text("project") ??
      (process.env.POSTERN_PROJECT || undefined) ??
      linked?.project_id ??
      source.project ??
      nameAfterFolder(source.directory),
    environment,
    ...(isProtected === undefined ? {} : { protected: isProtected }),
    services: managedOf(manifest),
    plan,
  };
  const result = await control.apply(request);
  if (plan) return { result, manifest };
  if (linked === undefined && result.project_id !== null)
    await linkProjectReference(source.directory, { project_id: result.project_id, project: result.project });
  for (const service of result.services)
    for (const [at, operation] of service.operations.entries())
      service.operations[at] = await context.finish(control, operation, `${service.service}`);
  return { result, manifest };
}

const managedOf = ({ services }: Manifest): Record<string, ManagedServiceWishes> =>
  Object.fromEntries(
    Object.values(services).flatMap(({ name, managed }) => (managed ? [[name, managed]] : [])),
  );

const verbs = { create: "+", change: "~", keep: "=", leave: "!" } as const;

/** A line for each service, and below it what changes and what is worth knowing. */
export function renderApplied({ services }: ApplyResult): string {
  const show = (value: string | boolean | null) => (value === null ? "as the class says" : String(value));
  return services
    .flatMap(({ service, action, database, class: databaseClass, changes, notes }) => [
      `  ${verbs[action]} ${service}  ${action}${database ? `  ${database.name} (${database.id})` : ""}  ${databaseClass}`,
      ...changes.map(({ field, from, to }) => `      ${field}: ${show(from)} → ${show(to)}`),
      ...notes.map((note) => `      ${note}`),
    ])
    .join("\n");
}
