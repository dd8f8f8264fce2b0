/** In charge of what a schema cannot say: that what a manifest names is there, and that it can come true. */
import { checkCron } from "../base/cron.ts";
import { parseDuration } from "../base/duration.ts";
import { PosternError } from "../base/error.ts";
import type { Path } from "./check-node.ts";
import { checkPorts, checkPublishedTwice } from "./check-ports.ts";
import { findCycle } from "./find-cycle.ts";
import { findManaged, speaksOfManaged } from "./interpolate.ts";
import { managedFields, reservedVariables } from "./manifest.ts";
import { asList, asMap, asText, asTexts, asVariables, extensionOf, type RawMap } from "./raw.ts";
import { suggest } from "./suggest.ts";

export type Report = (path: Path, message: string, hint?: string) => void;

const hourMs = 3_600_000;
const longestRetentionMs = 100 * 365 * 24 * hourMs;

/** @param services as they are written, by name. */
export function checkServices(services: RawMap, report: Report): void {
  const names = Object.keys(services);
  for (const [name, given] of Object.entries(services)) {
    const path = ["services", name];
    const raw = asMap(given);
    checkExtension(raw, path, report, false);
    checkBlock(raw, path, services, report);
    for (const dependency of Object.keys(dependenciesOf(raw)))
      if (!names.includes(dependency))
        report([...path, "depends_on", dependency], ...unknownService(dependency, names));
  }
  checkPublishedTwice(services, report);
  const cycle = findCycle(names, (name) => Object.keys(dependenciesOf(asMap(services[name]))));
  if (cycle)
    report(["services", cycle[0]!, "depends_on"], `services wait for each other: ${cycle.join(" → ")}`);
}

export function checkEnvironments(
  environments: RawMap,
  base: Path,
  services: RawMap,
  pipelines: RawMap,
  report: Report,
): void {
  for (const [name, given] of Object.entries(environments)) {
    const environment = asMap(given);
    const pipeline = asText(environment.pipeline);
    if (pipeline !== undefined && pipelines[pipeline] === undefined)
      report([...base, name, "pipeline"], ...unknown("pipeline", pipeline, Object.keys(pipelines)));
    for (const [service, over] of Object.entries(asMap(asMap(environment.overrides).services))) {
      const path = [...base, name, "overrides", "services", service];
      if (services[service] === undefined) {
        report(path, ...unknownService(service, Object.keys(services)));
        continue;
      }
      checkExtension(asMap(over), path, report, true);
      checkBlock(asMap(over), path, services, report);
    }
  }
}

/** `x-postern` and `x-eve` beside each other, a database without its description, a description without a database. */
function checkExtension(raw: RawMap, path: Path, report: Report, isOverride: boolean): void {
  const [postern, eve] = [asMap(raw["x-postern"]), asMap(raw["x-eve"])];
  for (const key of Object.keys(postern).filter((one) => eve[one] !== undefined))
    report([...path, "x-eve", key], `${key} is said twice: under x-postern and under x-eve`);
  if (isOverride) return;
  const { role, managed } = extensionOf(raw);
  const key = raw["x-postern"] === undefined ? "x-eve" : "x-postern";
  if (role === "managed_db" && managed === undefined)
    report([...path, key, "role"], "managed is missing, expected a map with class and engine");
  if (role !== "managed_db" && managed !== undefined) {
    const found = asText(role) === undefined ? "no role" : `role ${asText(role)}`;
    report([...path, key, "managed"], `found ${found} beside managed, expected role: managed_db`);
  }
}

/** What both a service and an override of it can have. */
function checkBlock(raw: RawMap, path: Path, services: RawMap, report: Report): void {
  const key = raw["x-postern"] === undefined ? "x-eve" : "x-postern";
  const backup = asMap(asMap(extensionOf(raw).managed).backup);
  checkBackup(backup, [...path, key, "managed", "backup"], report);
  for (const [name, value] of Object.entries(asVariables(raw.environment))) {
    if (!(reservedVariables as readonly string[]).includes(name) || speaksOfManaged(value)) continue;
    report(
      [...path, "environment", name],
      `found a value of your own for ${name}, which is Postern's to set`,
      `Take it away, or write \${managed.<service>.url}.`,
    );
  }
  checkPorts(raw, path, report);
  for (const [at, text] of textsOf(raw, path)) checkPlaceholders(text, at, services, report);
}

function checkBackup({ schedule, retention }: RawMap, path: Path, report: Report): void {
  if (typeof schedule === "string" && schedule !== "off")
    told([...path, "schedule"], report, () => checkCron(schedule));
  if (typeof retention !== "string" || !/^[0-9]{1,6}\s*[smhdw]$/.test(retention)) return;
  const ms = parseDuration(retention);
  if (ms < hourMs || ms > longestRetentionMs)
    report([...path, "retention"], `found "${retention}", expected at least 1h and at most 100 years`);
}

function told(path: Path, report: Report, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    const parts = [error.message, error.detail].flatMap((text) => text?.replace(/\.$/, "") || []);
    report(path, parts.join(": "), error.hint);
  }
}

function checkPlaceholders(text: string, path: Path, services: RawMap, report: Report): void {
  if (/\$\{\s*managed\b[^}]*$/.test(text.replaceAll("$$", "")))
    report(path, `found a \${managed… without its end, expected \${managed.<service>.<field>}`);
  const managed = Object.entries(services)
    .filter(([, raw]) => extensionOf(asMap(raw)).role === "managed_db")
    .map(([name]) => name);
  for (const { body } of findManaged(text)) {
    const [, service, field, ...more] = body.split(".");
    const shown = `\${${body}}`;
    if (!service || !field || more.length > 0)
      report(path, `found ${shown}, expected \${managed.<service>.<field>}`);
    else if (!managed.includes(service)) {
      const is = services[service] === undefined ? "there is no such service" : "it is no managed database";
      report(path, `${shown} names ${service}: ${is}`, hintOf(service, managed));
    } else if (!(managedFields as readonly string[]).includes(field))
      report(
        path,
        `${shown}: found ${field}, expected ${managedFields.join(", ")}`,
        hintOf(field, managedFields),
      );
  }
}

/** Every text of a service, with its place. */
function* textsOf(value: unknown, path: Path): Generator<[Path, string]> {
  if (typeof value === "string") yield [path, value];
  else if (Array.isArray(value)) for (const [at, one] of value.entries()) yield* textsOf(one, [...path, at]);
  else for (const [key, one] of Object.entries(asMap(value))) yield* textsOf(one, [...path, key]);
}

export function checkPipelines(pipelines: RawMap, base: Path, services: RawMap, report: Report): void {
  for (const [name, given] of Object.entries(pipelines)) {
    const steps = asList(asMap(given).steps).map(asMap);
    const names = steps.map((step) => asText(step.name) ?? "");
    for (const [at, step] of steps.entries()) {
      const path = [...base, name, "steps", at];
      if (names.indexOf(names[at]!) !== at)
        report([...path, "name"], `"${names[at]}" is the name of two steps`);
      for (const dependency of stepDependencies(step))
        if (!names.includes(dependency))
          report([...path, "depends_on"], ...unknown("step", dependency, names));
      checkAction(asMap(step.action), [...path, "action"], services, report);
    }
    const byName = new Map(steps.map((step, at) => [names[at]!, step]));
    const cycle = findCycle(names, (one) => stepDependencies(byName.get(one) ?? {}));
    if (cycle) report([...base, name, "steps"], `steps wait for each other: ${cycle.join(" → ")}`);
  }
}

export const stepDependencies = ({ depends_on: value }: RawMap): string[] =>
  value === undefined ? [] : asTexts(value);

function checkAction({ type, service, command }: RawMap, path: Path, services: RawMap, report: Report): void {
  const wanted = asText(service);
  if (type === "run" && command === undefined)
    report([...path, "type"], "command is missing, expected a command, or a list of commands");
  if (type !== "job" && wanted === undefined) return;
  if (wanted === undefined) {
    report([...path, "type"], "service is missing, expected the name of a service of role job");
    return;
  }
  if (services[wanted] === undefined) {
    report([...path, "service"], ...unknownService(wanted, Object.keys(services)));
    return;
  }
  const { role = "service" } = extensionOf(asMap(services[wanted]));
  if (type === "job" && role !== "job")
    report([...path, "service"], `found ${wanted}, of role ${role}, expected a service of role job`);
}

function dependenciesOf({ depends_on: value }: RawMap): Record<string, unknown> {
  return Array.isArray(value) ? Object.fromEntries(asTexts(value).map((name) => [name, {}])) : asMap(value);
}

const hintOf = (word: string, words: readonly string[]): string | undefined => {
  const near = suggest(word, words);
  return near === undefined ? undefined : `Did you mean "${near}"?`;
};

const unknown = (noun: string, word: string, words: readonly string[]): [string, string | undefined] => [
  `there is no ${noun} "${word}"${words.length > 0 ? `, expected ${words.join(", ")}` : ""}`,
  hintOf(word, words),
];
const unknownService = (word: string, words: readonly string[]) => unknown("service", word, words);
