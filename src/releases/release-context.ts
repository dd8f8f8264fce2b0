/** In charge of what all work with a release knows of it: its manifest, its place, and what its programs are given. */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ManagedValues } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { readManagedValues } from "../environments/read-managed-values.ts";
import type { Platform } from "../instances/platform.ts";
import { databaseVariables } from "../manifest/database-variables.ts";
import { interpolate, type ManagedReference } from "../manifest/interpolate.ts";
import type { Manifest, Service } from "../manifest/manifest.ts";
import { listBoundServices } from "../state/environment-services.ts";
import { type EnvironmentKey, findRelease, type ReleaseRow } from "../state/releases.ts";
import { type ReleasePlace, releasePlace } from "./release-layout.ts";

/** How the values of managed databases are read: with the environment's own token. */
export type ReadValues = (service: Parameters<typeof readManagedValues>[2]) => Promise<ManagedValues>;

export interface ReleaseContext {
  row: ReleaseRow<Manifest>;
  manifest: Manifest;
  key: EnvironmentKey;
  place: ReleasePlace;
  /** Its own folder. */
  folder: string;
  /** What each service is given by its manifest, as it was sent. */
  variables: Record<string, Record<string, string>>;
}

export const sealedFor = ({ project_id, environment }: EnvironmentKey, number: number): string =>
  `release ${project_id}/${environment}/${number}`;

/** @throws Y7054 */
export async function openRelease(
  platform: Platform,
  key: EnvironmentKey,
  number: number,
): Promise<ReleaseContext> {
  const row = await findRelease<Manifest>(platform.state, key, number);
  if (!row) throw posternError("Y7054", `There is no release ${number} in ${key.environment}.`);
  const place = releasePlace(platform, key);
  return {
    row,
    manifest: row.manifest,
    key: { project_id: key.project_id, environment: key.environment },
    place,
    folder: place.folder(number),
    variables: JSON.parse(platform.secrets.open(row.variables_sealed, sealedFor(key, number))),
  };
}

/** The values of all managed databases of the environment, by service. */
export async function readAllValues(
  platform: Platform,
  readValues: ReadValues,
  { key }: Pick<ReleaseContext, "key">,
): Promise<Map<string, ManagedValues>> {
  const bound = await listBoundServices(platform.state, key);
  const values = new Map<string, ManagedValues>();
  for (const service of bound) values.set(service.service, await readValues(service));
  return values;
}

/** Whose variables are given where none says otherwise: `db`, else the only one. */
export function mainDatabase(manifest: Manifest): string | undefined {
  const managed = Object.values(manifest.services).filter(({ role }) => role === "managed_db");
  return (
    managed.find(({ name }) => name === "db")?.name ?? (managed.length === 1 ? managed[0]!.name : undefined)
  );
}

/** Where Postern's own commands are, so that a job can say `postern db migrate --ci`. */
const ownCommands = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));

export interface ProgramSettings {
  directory: string;
  environment: Record<string, string>;
  /** Replaces what stands for managed databases, and where files are mounted. */
  text(text: string): string;
}

/** @param service null: for commands of the project as a whole. */
export function programSettings(
  context: ReleaseContext,
  service: Service | null,
  values: ReadonlyMap<string, ManagedValues>,
): ProgramSettings {
  const { manifest, folder, place, row } = context;
  const directory = service ? directoryOf(context, service) : folder;
  const text = (given: string) =>
    mounted(interpolate(given, { managed: managedBy(values) }), context, service);
  const main = mainDatabase(manifest);
  const database = main === undefined ? undefined : values.get(main);
  const own = service ? (context.variables[service.name] ?? {}) : {};
  return {
    directory,
    text,
    environment: {
      PATH: [
        join(directory, "node_modules/.bin"),
        join(folder, "node_modules/.bin"),
        dirname(process.execPath),
        "/usr/local/bin",
        "/usr/bin",
        "/bin",
        ownCommands,
      ].join(":"),
      HOME: place.data,
      TMPDIR: "/tmp",
      LANG: "C.UTF-8",
      POSTERN_PROJECT: context.key.project_id,
      POSTERN_ENVIRONMENT: context.key.environment,
      POSTERN_RELEASE: String(row.number),
      ...(database ? databaseVariables(database, database.id, database.token) : {}),
      ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, text(value)])),
    },
  };
}

/** A folder of a container is none here: only what is relative counts. */
export function directoryOf({ folder }: Pick<ReleaseContext, "folder">, service: Service): string {
  const relative = [service.working_dir, service.build?.context].find(
    (path) => path !== undefined && !path.startsWith("/"),
  );
  return join(folder, join("/", relative ?? "."));
}

/** Files are where the release has them: what names their place in a container names that. */
function mounted(text: string, { folder }: ReleaseContext, service: Service | null): string {
  let result = text;
  for (const { source, target } of service?.files ?? []) {
    if (target.length < 2) continue;
    const name = target.replace(/\/+$/, "").replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const place = join(folder, join("/", source));
    result = result.replaceAll(
      new RegExp(`(^|[\\s=:"',])${name}(?![\\w.-])`, "g"),
      (_, before) => `${before}${place}`,
    );
  }
  return result;
}

const managedBy =
  (values: ReadonlyMap<string, ManagedValues>) =>
  ({ service, field }: ManagedReference): string => {
    const found = values.get(service);
    if (!found) throw posternError("Y7005", `The environment has no database for service "${service}".`);
    const { pooled, direct, http, host, token, id, database, user, password, pool_port: port } = found;
    return {
      url: pooled,
      direct_url: direct,
      http_url: http,
      host,
      token,
      id,
      name: database,
      user,
      password,
      port: String(port),
    }[field];
  };
