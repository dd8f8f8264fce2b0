/** In charge of how much room is left on a disk, and how much of it new things leave alone. */
import { stat, statfs } from "node:fs/promises";
import { posternError } from "./error.ts";

const megabyte = 1024 ** 2;
const gigabyte = 1024 ** 3;

export interface DiskSpace {
  totalBytes: number;
  freeBytes: number;
  /** What runs already may use the last of it; nothing new begins below it. */
  reserveBytes: number;
}

/** @param reserveBytes null: a twentieth of the disk, from 1 GB to 20 GB. */
export async function readDiskSpace(path: string, reserveBytes: number | null): Promise<DiskSpace> {
  const { bavail, bsize, blocks } = await statfs(path);
  const totalBytes = Number(blocks) * Number(bsize);
  const usual = Math.max(gigabyte, Math.min(20 * gigabyte, Math.floor(totalBytes / 20)));
  return { totalBytes, freeBytes: Number(bavail) * Number(bsize), reserveBytes: reserveBytes ?? usual };
}

interface Place {
  config: { home: string; diskReserveBytes: number | null };
}

/** @param what for example "A branch of shop". @throws Y4051 */
export async function requireDiskSpace({ config }: Place, neededBytes: number, what: string): Promise<void> {
  checkDiskSpace(await readDiskSpace(config.home, config.diskReserveBytes), neededBytes, what);
}

/** @throws Y4051 */
export function checkDiskSpace(
  { freeBytes, reserveBytes }: Pick<DiskSpace, "freeBytes" | "reserveBytes">,
  neededBytes: number,
  what: string,
): void {
  if (freeBytes - neededBytes >= reserveBytes) return;
  throw posternError("Y4051", `${what} does not fit on the disk.`, {
    detail: `${inWords(freeBytes)} are free; it needs ${inWords(neededBytes)}, and ${inWords(reserveBytes)} are kept for what runs already.`,
    hint: "Free some space, delete branches or backups, or lower POSTERN_DISK_RESERVE. Databases go on running.",
  });
}

/** Nothing to say where the path is on another disk than the home. @throws Y4051 */
export async function requireSpaceAt(
  place: Place,
  path: string,
  neededBytes: number,
  what: string,
): Promise<void> {
  const [home, other] = await Promise.all([stat(place.config.home), stat(path).catch(() => undefined)]);
  if (other === undefined || other.dev === home.dev) await requireDiskSpace(place, neededBytes, what);
}

const inWords = (bytes: number): string =>
  bytes >= gigabyte ? `${(bytes / gigabyte).toFixed(1)} GB` : `${Math.round(bytes / megabyte)} MB`;

/** `512MB`, `2GB`, `0`. @throws Y0001 */
export function parseReserve(text: string | undefined): number | null {
  if (text === undefined || text === "") return null;
  const match = /^(\d{1,6})\s*(MB|GB|TB)?$/i.exec(text.trim());
  const factor = { MB: megabyte, GB: gigabyte, TB: 1024 * gigabyte }[(match?.[2] ?? "").toUpperCase()];
  if (match && (factor !== undefined || Number(match[1]) === 0)) return Number(match[1]) * (factor ?? 0);
  throw posternError("Y0001", `POSTERN_DISK_RESERVE is "${text}", which is no size.`, {
    hint: "Write a number and MB or GB, for example 2GB; or 0.",
  });
}
