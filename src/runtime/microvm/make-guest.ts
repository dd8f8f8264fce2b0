/** In charge of making the files of a guest: its disk, and the keys by which it and Postern know each other. */
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { posternError } from "../../base/error.ts";
import { clearDirectory } from "../clear-directory.ts";
import { ownPath } from "../own-path.ts";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import { requireQemu } from "./find-qemu.ts";
import { ensureTemplateDisk, layDisk } from "./guest-disk.ts";
import { findGuestImage, verifyGuestImage } from "./guest-image.ts";
import { guestFiles } from "./guest-layout.ts";
import { bridgeName, type GuestKeys } from "./guest-settings.ts";
import { makeCertificate } from "./make-certificate.ts";

type Place = Pick<ServerSpec, "dataDirectory">;

export interface MakeGuestOptions {
  root: string;
  usualMajor: string;
  account: ServerAccount;
  /** Data directory that servers of this major begin as. */
  templateOf(major: string): Promise<string>;
}

/** Repeatable: the note of the major is written last. @throws Y8100 Y8101 Y8103 Y8107 */
export async function makeGuest(spec: ServerSpec, options: MakeGuestOptions): Promise<void> {
  const { account, root, usualMajor } = options;
  if (await isMade(spec)) return;
  const major = spec.major ?? usualMajor;
  await verifyGuestImage(await findGuestImage(root, major));
  const qemu = await requireQemu(root);
  await prepareGuest(spec, account);
  const template = await ensureTemplateDisk({ template: await options.templateOf(major), qemu, account });
  await layDisk(guestFiles(spec).disk, template, { qemu, account });
  await finishGuest(spec, major, account);
}

const markerOf = ({ dataDirectory }: Place): string => join(dataDirectory, "PG_VERSION");

export const isMade = (place: Place): Promise<boolean> => isThere(markerOf(place));

/** An empty folder, with keys of its own: nobody comes into it with those of another. */
export async function prepareGuest(spec: Place, account: ServerAccount): Promise<void> {
  await clearDirectory(spec.dataDirectory);
  for (const folder of [dirname(spec.dataDirectory), spec.dataDirectory]) {
    await mkdir(folder, { recursive: true, mode: 0o750 });
    await ownPath(folder, account);
  }
  const { keys, bridge } = guestFiles(spec);
  const made: GuestKeys = { server: makeCertificate("guest"), bridge: makeCertificate(bridgeName) };
  await writeOwned(keys, JSON.stringify(made), account);
  await writeOwned(bridge, JSON.stringify({ ...made.bridge, peer: made.server.certificate }), account);
}

/** Now it is whole. */
export const finishGuest = (place: Place, major: string, account: ServerAccount): Promise<void> =>
  writeOwned(markerOf(place), `${major}\n`, account);

/** @throws Y6026 */
export async function requireDisk(spec: ServerSpec): Promise<void> {
  const { disk } = guestFiles(spec);
  if (await isThere(disk)) return;
  throw posternError("Y6026", `The data of server ${spec.name} is gone: ${disk}`, {
    hint: "If only a disk is missing, bring it back. Else restore a backup into a new database.",
  });
}

/** Whole or not at all, and the servers' user's. */
export async function writeOwned(file: string, text: string, account: ServerAccount): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await ownPath(`${file}.new`, account);
  await rename(`${file}.new`, file);
}

export const readText = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch(() => undefined);

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
