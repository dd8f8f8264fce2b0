/** In charge of where a server's archive is kept: in a folder, or in S3; of this server alone, so that two servers' files cannot be mistaken for each other. */
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readS3Credentials } from "../backups/s3-client.ts";
import { S3Storage } from "../backups/s3-storage.ts";
import { parseS3, readS3Access, renderS3, type S3Config } from "../base/read-s3.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { ownPath } from "../runtime/own-path.ts";
import { forgetAbandonedArchive, isAbandonedArchive, listAbandonedArchives } from "../state/archives.ts";
import type { ArchiveLayout } from "./archive-layout.ts";

type Home = Pick<Platform, "config" | "secrets">;

/** As the archive's row says it: `file:<folder>` or `s3://…`. */
export function archivePlace({ config, secrets }: Home, server: string): string {
  const { s3, directory } = config.pointInTime;
  if (s3 === null) return `file:${join(directory, server, "repository")}`;
  // Several Posterns may share a bucket, and their servers have the same names.
  const owner = secrets.sign("place of archives").slice(0, 12);
  const prefix = [s3.prefix, owner, server].filter((part) => part !== "").join("/");
  return renderS3({ ...s3, prefix });
}

/** One of an older release is where folders are. */
export const isElsewhere = (known: string | null, place: string): boolean =>
  known === null ? place.startsWith("s3://") : known !== place;

/** What a person does about an archive that does not take anything. */
export const archiveAdvice = ({ config }: Pick<Platform, "config">): string =>
  config.pointInTime.s3 === null
    ? "Check the disk of POSTERN_PITR_DIR."
    : "Check that the store of POSTERN_PITR_STORE can be reached and takes its keys.";

/** Lines of pgBackRest's configuration, with the secret keys. Makes the folder if that is what it is. @throws Y6012 */
export async function describePlace(
  platform: Platform,
  server: string,
  { authorityFile }: ArchiveLayout,
): Promise<string[]> {
  const place = archivePlace(platform, server);
  if (place.startsWith("s3://")) return describeS3(platform, parseS3(place), authorityFile);
  const repository = place.slice("file:".length);
  for (const directory of [dirname(repository), repository]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await ownPath(directory, platform.account);
  }
  return [`repo1-path=${repository}`];
}

async function describeS3(
  { config }: Platform,
  { bucket, prefix, endpoint, region, pathStyle }: S3Config,
  authorityFile: string,
): Promise<string[]> {
  const { accessKeyId, secretAccessKey } = await readS3Credentials(join(config.home, "secrets"));
  const { hostname, port } = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  return [
    "repo1-type=s3",
    // A server that stops waits for its last log to be taken; a minute, as it is otherwise, is long for a store that is away.
    "io-timeout=10",
    `repo1-path=/${prefix}`,
    `repo1-s3-bucket=${bucket}`,
    `repo1-s3-endpoint=${hostname}`,
    ...(port === "" ? [] : [`repo1-storage-port=${port}`]),
    `repo1-s3-region=${region}`,
    `repo1-s3-uri-style=${pathStyle ? "path" : "host"}`,
    `repo1-s3-key=${accessKeyId}`,
    `repo1-s3-key-secret=${secretAccessKey}`,
    ...(readS3Access().caFile === null ? [] : [`repo1-storage-ca-file=${authorityFile}`]),
  ];
}

/** Null: the well-known ones are enough. The servers' user may not be able to read the file itself. */
export const readAuthority = async ({ config }: Pick<Platform, "config">): Promise<string | null> => {
  const { caFile } = readS3Access();
  return config.pointInTime.s3 === null || caFile === null ? null : readFile(caFile, "utf8");
};

/**
 * A server that is there keeps its folders: a sandbox has let in those that there were at its start, and others of the
 * same name are not those.
 */
export async function clearArchiveFolder(
  { config }: Pick<Platform, "config">,
  server: string,
  directory: string,
): Promise<void> {
  const isThere = await stat(serverLayout(config.home, server).directory).then(
    () => true,
    () => false,
  );
  if (!isThere) return rm(directory, { recursive: true, force: true });
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) await rm(path, { force: true });
    else for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
  }
}

/** Everything: what was archived cannot be had back. Repeatable. @throws Y6011 when the store does not answer */
async function removePlace({ config }: Platform, place: string): Promise<void> {
  if (!place.startsWith("s3://")) {
    const directory = dirname(place.slice("file:".length));
    await clearArchiveFolder({ config }, basename(directory), directory);
    return;
  }
  await new S3Storage(parseS3(place), join(config.home, "secrets")).clear();
}

/** One that was abandoned is deleted before another begins in its place. */
export async function clearPlace(platform: Platform, place: string): Promise<void> {
  if (!(await isAbandonedArchive(platform.state, place))) return;
  await removePlace(platform, place);
  await forgetAbandonedArchive(platform.state, place);
}

/** A store that does not answer is asked again the next time. */
export async function removeAbandonedArchives(platform: Platform): Promise<void> {
  for (const place of await listAbandonedArchives(platform.state)) await clearPlace(platform, place);
}
