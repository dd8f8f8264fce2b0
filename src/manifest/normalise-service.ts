/** In charge of giving a service of a manifest one form, whichever of Compose's ways it is written in. */
import type { Build, Dependency, Healthcheck, ManagedDatabase, Service } from "./manifest.ts";
import { asList, asMap, asText, asTexts, asVariables, extensionOf, type RawMap } from "./raw.ts";

export function normaliseService(name: string, raw: RawMap): Service {
  const extension = extensionOf(raw);
  const role = roleOf(extension);
  return {
    name,
    role,
    ...(role === "managed_db" ? { managed: managedOf(asMap(extension.managed)) } : {}),
    ...texts(raw, ["image", "working_dir", "restart", "stop_grace_period"]),
    ...buildOf(raw.build, extension.build),
    ...commandOf("command", raw.command),
    ...commandOf("entrypoint", raw.entrypoint),
    environment: asVariables(raw.environment),
    env_file: raw.env_file === undefined ? [] : asTexts(raw.env_file),
    ports: asTexts(asList(raw.ports)),
    depends_on: dependenciesOf(raw.depends_on),
    ...healthcheckOf(raw.healthcheck, extension.health),
    files: asList(extension.files).map((file) => ({
      source: asText(asMap(file).source) ?? "",
      target: asText(asMap(file).target) ?? "",
    })),
    preStart: extension.preStart === undefined ? [] : asTexts(extension.preStart),
  };
}

const roleOf = ({ role }: RawMap): Service["role"] =>
  role === "managed_db" || role === "job" ? role : "service";

function texts<Key extends string>(raw: RawMap, keys: readonly Key[]): Partial<Record<Key, string>> {
  const given = keys.flatMap((key) => {
    const text = asText(raw[key]);
    return text === undefined ? [] : [[key, text]];
  });
  return Object.fromEntries(given) as Partial<Record<Key, string>>;
}

function managedOf({ class: databaseClass, engine_version, backup }: RawMap): ManagedDatabase {
  const version = asText(engine_version);
  return {
    class: databaseClass as ManagedDatabase["class"],
    engine: "postgres",
    ...(version === undefined ? {} : { engine_version: version }),
    ...(backup === undefined ? {} : { backup: asMap(backup) as NonNullable<ManagedDatabase["backup"]> }),
  };
}

function buildOf(build: unknown, commands: unknown): { build?: Build } {
  if (build === undefined && commands === undefined) return {};
  const { args, ...parts } = asMap(build);
  return {
    build: {
      context: asText(build) ?? asText(parts.context) ?? ".",
      ...texts(parts, ["dockerfile", "target"]),
      ...(args === undefined ? {} : { args: asVariables(args) }),
      ...(commands === undefined ? {} : { commands: asTexts(commands) }),
    },
  };
}

function commandOf<Key extends "command" | "entrypoint">(
  key: Key,
  value: unknown,
): Partial<Record<Key, string | string[]>> {
  if (value === undefined || value === null) return {};
  const command = Array.isArray(value) ? asTexts(value) : asText(value);
  return (command === undefined ? {} : { [key]: command }) as Partial<Record<Key, string | string[]>>;
}

function dependenciesOf(value: unknown): Record<string, Dependency> {
  if (Array.isArray(value))
    return Object.fromEntries(asTexts(value).map((name) => [name, { condition: "service_started" }]));
  return Object.fromEntries(
    Object.entries(asMap(value)).map(([name, one]) => [
      name,
      { condition: (asMap(one).condition ?? "service_started") as Dependency["condition"] },
    ]),
  );
}

function healthcheckOf(value: unknown, path: unknown): { healthcheck?: Healthcheck } {
  if (value === undefined && path === undefined) return {};
  const { test, retries, disable, ...times } = asMap(value);
  return {
    healthcheck: {
      ...(test === undefined ? {} : { test: Array.isArray(test) ? asTexts(test) : (asText(test) ?? "") }),
      ...(typeof path === "string" ? { http: path } : {}),
      ...texts(times, ["interval", "timeout", "start_period"]),
      ...(typeof retries === "number" ? { retries } : {}),
      ...(disable === true ? { disable } : {}),
    },
  };
}
