/** In charge of reading a manifest: its text in, and out comes what it says, or all that is wrong with it at once. */
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { checkNode, type Path } from "./check-node.ts";
import { checkEnvironments, checkPipelines, checkServices, stepDependencies } from "./check-references.ts";
import type { Environment, Manifest, ManifestIssue, PipelineStep } from "./manifest.ts";
import { manifestSchema } from "./manifest-schema.ts";
import { normaliseService } from "./normalise-service.ts";
import { asList, asMap, asText, asTexts, mergeService, type RawMap } from "./raw.ts";

export interface ManifestReading {
  /** By line and column; empty when it can be used. */
  issues: ManifestIssue[];
  /** Keys of Compose that mean nothing here, for example `services.api.networks`. */
  ignored: string[];
  /** What it says for an environment; overrides are merged in. Only without issues. */
  forEnvironment(name: string): Manifest;
  environments: string[];
  project: string | undefined;
}

const mostCharacters = 1_000_000;

export function readManifest(text: string): ManifestReading {
  const lines = new LineCounter();
  if (text.length > mostCharacters) return unreadable("it has more than a million characters");
  const document = parseDocument(text, { merge: true, lineCounter: lines, prettyErrors: false });
  const issues: ManifestIssue[] = [];
  const report = (offset: number, path: Path, message: string, hint?: string) => {
    const { line, col } = lines.linePos(offset);
    issues.push({ line: Math.max(1, line), column: Math.max(1, col), path: pathText(path), message, hint });
  };
  for (const { pos, code, message } of document.errors)
    report(
      pos[0],
      [],
      code === "MULTIPLE_DOCS"
        ? "a second document begins here, expected one"
        : `the YAML is not valid: ${message.replace(/\.$/, "")}`,
    );
  if (document.errors.length > 0) return broken(issues);
  if (document.contents === null) return unreadable("it is empty, expected services");
  const { findings, ignored } = checkNode(document, manifestSchema);
  for (const { offset, path, message, hint } of findings) report(offset, path, message, hint);
  const raw = plainOf(document);
  if (raw === undefined)
    return broken(issues.length > 0 ? issues : unreadable("its aliases are too many").issues);
  const parts = partsOf(raw);
  const reportAt = (path: Path, message: string, hint?: string) => {
    const place = pathText(path);
    // What is of the wrong kind was reported as such.
    if (issues.some((issue) => issue.path === place)) return;
    report(offsetOf(document, path), path, message, hint);
  };
  for (const { path, name } of parts.twice)
    reportAt(path, `${name} is said twice: at the top and under ${String(path[0])}`);
  checkServices(parts.services, reportAt);
  checkEnvironments(parts.environments, parts.at.environments, parts.services, parts.pipelines, reportAt);
  checkPipelines(parts.pipelines, parts.at.pipelines, parts.services, reportAt);
  return {
    issues: sorted(issues),
    ignored: ignored.map(pathText),
    environments: Object.keys(parts.environments),
    project: asText(parts.platform.project) ?? asText(raw.name),
    forEnvironment: (name) => buildManifest(raw, parts, name),
  };
}

const unreadable = (message: string) => broken([{ line: 1, column: 1, path: "", message }]);

const broken = (issues: ManifestIssue[]): ManifestReading => ({
  issues: sorted(issues),
  ignored: [],
  environments: [],
  project: undefined,
  forEnvironment: () => {
    throw new Error("a manifest with issues says nothing");
  },
});

const sorted = (issues: ManifestIssue[]): ManifestIssue[] =>
  issues.toSorted((one, other) => one.line - other.line || one.column - other.column);

const plainOf = (document: Document): RawMap | undefined => {
  try {
    const raw = asMap(document.toJS({ maxAliasCount: 200 }));
    // Fails for an alias that stands inside of what it stands for.
    JSON.stringify(raw);
    return raw;
  } catch {
    return undefined;
  }
};

const platformKeys = ["project", "environments", "pipelines", "migrate", "rollback", "preStart"] as const;
type PlatformKey = (typeof platformKeys)[number];

interface Parts {
  /** What is Postern's own, wherever it is written. */
  platform: RawMap;
  services: RawMap;
  environments: RawMap;
  pipelines: RawMap;
  at: Record<"environments" | "pipelines", Path>;
  twice: { path: Path; name: string }[];
}

/** Postern's own keys stand at the top, or, so that Compose takes the file too, under `x-postern`. */
function partsOf(raw: RawMap): Parts {
  const platform: RawMap = {};
  const at: Partial<Record<PlatformKey, Path>> = {};
  const twice: Parts["twice"] = [];
  const take = (source: RawMap, prefix: Path, keys: readonly PlatformKey[]) => {
    for (const key of keys) {
      if (source[key] === undefined) continue;
      if (platform[key] !== undefined) twice.push({ path: [...prefix, key], name: key });
      else {
        platform[key] = source[key];
        at[key] = [...prefix, key];
      }
    }
  };
  take(raw, [], platformKeys);
  take(asMap(raw.database), ["database"], ["migrate", "rollback"]);
  take(asMap(raw["x-postern"]), ["x-postern"], platformKeys);
  take(asMap(raw["x-eve"]), ["x-eve"], platformKeys);
  return {
    platform,
    services: asMap(raw.services),
    environments: asMap(platform.environments),
    pipelines: asMap(platform.pipelines),
    at: { environments: at.environments ?? ["environments"], pipelines: at.pipelines ?? ["pipelines"] },
    twice,
  };
}

function buildManifest(
  raw: RawMap,
  { platform, services, environments, pipelines }: Parts,
  name: string,
): Manifest {
  const overrides = asMap(asMap(asMap(environments[name]).overrides).services);
  const project = asText(platform.project) ?? asText(raw.name);
  const commands = (value: unknown) => (value === undefined ? [] : asTexts(value));
  return {
    ...(project === undefined ? {} : { project }),
    services: mapValues(services, (service, key) =>
      normaliseService(key, mergeService(asMap(service), asMap(overrides[key]))),
    ),
    environments: mapValues(environments, (environment) => environmentOf(asMap(environment))),
    pipelines: mapValues(pipelines, (pipeline) => ({ steps: asList(asMap(pipeline).steps).map(stepOf) })),
    migrate: commands(platform.migrate),
    rollback: commands(platform.rollback),
    preStart: commands(platform.preStart),
  };
}

const environmentOf = ({ protected: isProtected, pipeline }: RawMap): Environment => ({
  ...(typeof isProtected === "boolean" ? { protected: isProtected } : {}),
  ...(typeof pipeline === "string" ? { pipeline } : {}),
});

function stepOf(given: unknown): PipelineStep {
  const step = asMap(given);
  const { type, service, command } = asMap(step.action);
  return {
    name: asText(step.name) ?? "",
    depends_on: stepDependencies(step),
    action: {
      type: type as PipelineStep["action"]["type"],
      ...(typeof service === "string" ? { service } : {}),
      ...(command === undefined ? {} : { command: asTexts(command) }),
    },
  };
}

const mapValues = <To>(map: RawMap, change: (value: unknown, key: string) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]));

/** Of the value at that path, or of the nearest around it that is written there. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/** `services.db.ports[1]` */
const pathText = (path: Path): string =>
  path.map((key, at) => (typeof key === "number" ? `[${key}]` : `${at > 0 ? "." : ""}${key}`)).join("");
