/** In charge of what a deploy does, and in which order, as a manifest says it. */
import { normalize } from "node:path/posix";
import type { Manifest, PipelineStep, Service } from "./manifest.ts";

export interface PipelineStage {
  name: string;
  action: PipelineStep["action"];
}

/**
 * The steps of the environment's pipeline; without one: build, release, migrate, each job, deploy. What a pipeline leaves
 * out and no release can do without is put where it belongs.
 */
export function planPipeline(manifest: Manifest, environment: string): PipelineStage[] {
  const name = manifest.environments[environment]?.pipeline ?? "deploy";
  const declared = manifest.pipelines[name];
  if (!declared) {
    return [
      ...["build", "release", "migrate"].map(plain),
      ...inOrder(manifest, "job").map((job) => ({
        name: job.name,
        action: { type: "job" as const, service: job.name },
      })),
      plain("deploy"),
    ];
  }
  const stages = sortSteps(declared.steps);
  const has = (...types: string[]) => stages.some(({ action }) => types.includes(action.type));
  if (!has("build")) stages.unshift(plain("build"));
  if (!has("deploy")) stages.push(plain("deploy"));
  if (!has("migrate", "job", "run"))
    stages.splice(
      stages.findIndex(({ action }) => action.type === "deploy"),
      0,
      plain("migrate"),
    );
  return stages;
}

const plain = (type: string): PipelineStage => ({
  name: type,
  action: { type: type as PipelineStep["action"]["type"] },
});

/** Each step behind what it waits for, else as it is written. */
function sortSteps(steps: readonly PipelineStep[]): PipelineStage[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const sorted = new Set<PipelineStep>();
  const visit = (step: PipelineStep, depth: number) => {
    if (depth > steps.length) return;
    for (const name of step.depends_on) {
      const other = byName.get(name);
      if (other) visit(other, depth + 1);
    }
    sorted.add(step);
  };
  for (const step of steps) visit(step, 0);
  return [...sorted].map(({ name, action }) => ({ name, action }));
}

/** Services of a role, each behind those that it depends on. */
export function inOrder(manifest: Manifest, role: Service["role"]): Service[] {
  const sorted = new Set<Service>();
  const visiting = new Set<string>();
  const visit = (service: Service | undefined) => {
    if (!service || visiting.has(service.name)) return;
    visiting.add(service.name);
    for (const name of Object.keys(service.depends_on)) visit(manifest.services[name]);
    if (service.role === role) sorted.add(service);
  };
  for (const service of Object.values(manifest.services)) visit(service);
  return [...sorted];
}

/** An image that does nothing but apply migrations: Postern does that itself. */
export const isMigrateImage = ({ image, command, entrypoint }: Service): boolean =>
  image !== undefined &&
  command === undefined &&
  entrypoint === undefined &&
  /(^|\/)migrate(:[\w.-]+)?$/.test(image);

/** Why services of a manifest cannot be run here, one sentence each. */
export function findUnrunnable(manifest: Manifest): string[] {
  return Object.values(manifest.services)
    .filter(({ role }) => role !== "managed_db")
    .flatMap((service) => [...lacksCommand(service), ...reachesOutside(service)]);
}

function lacksCommand(service: Service): string[] {
  if (service.command !== undefined || service.entrypoint !== undefined || isMigrateImage(service)) return [];
  if (service.image !== undefined)
    return [`Service ${service.name} names the image ${service.image}, and no command.`];
  return service.role === "job" ? [`Job ${service.name} has no command.`] : [];
}

/** A release is a copy of the project's folder: what is beside that folder does not come along. */
const reachesOutside = ({ name, build, files }: Service): string[] =>
  [...(build === undefined ? [] : [build.context]), ...files.map(({ source }) => source)]
    .filter((path) => /^(\/|\.\.(\/|$))/.test(normalize(path)))
    .map((path) => `Service ${name} needs ${path}, which is outside of the project's folder.`);
