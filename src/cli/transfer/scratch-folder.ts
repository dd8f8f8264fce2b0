/** In charge of the folder that an import keeps its copy in: gone when the import ends, and what a killed one left with it. */
import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode, messageOf, posternError } from "../../base/error.ts";
import { whenInterrupted } from "./when-interrupted.ts";

/** Whose it is: machines, and containers, may share a temporary directory. */
const prefix = (): string => `postern-import-${hostname()}-`;

/** @throws Y6038 */
export async function withScratchFolder<Result>(work: (scratch: string) => Promise<Result>): Promise<Result> {
  await sweepLeftovers();
  const scratch = await mkdtemp(join(tmpdir(), `${prefix()}${process.pid}-`));
  try {
    return await whenInterrupted(
      () => rmSync(scratch, { recursive: true, force: true }),
      () => work(scratch),
    );
  } catch (error) {
    throw hasCode(error, "ENOSPC", "EDQUOT") ? noRoom(error) : error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const noRoom = (cause: unknown) =>
  posternError("Y6038", `The temporary directory ${tmpdir()} became full.`, {
    detail: `${messageOf(cause)}. Nothing was imported.`,
    hint: "TMPDIR chooses another one, with room for the copy; a dump that is a file already needs none.",
    cause,
  });

/** A process that is killed cleans nothing up, and what it leaves is somebody's data. */
async function sweepLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    if (!name.startsWith(prefix())) continue;
    const pid = Number(/^(\d+)-/.exec(name.slice(prefix().length))?.[1]);
    const path = join(tmpdir(), name);
    const entry = await stat(path).catch(() => undefined);
    if (!entry || entry.uid !== process.getuid?.() || !Number.isInteger(pid) || isAlive(pid)) continue;
    await rm(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}
