/** In charge of folders that are made once for a run of tests and copied by those who need them. */
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const runDirectoryVariable = "POSTERN_TEST_RUN";

/** Told by the global set-up, which makes and removes the folder of the run. */
export function setRunDirectory(directory: string): void {
  process.env[runDirectoryVariable] = directory;
}

/**
 * The folder of this name; `make` fills a new one, which is renamed when it is whole, so that several test processes can
 * want it at once. Undefined in a run without the global set-up: then everybody makes their own.
 */
export async function makeOnce(
  name: string,
  make: (directory: string) => Promise<void>,
): Promise<string | undefined> {
  const run = process.env[runDirectoryVariable];
  if (run === undefined) return undefined;
  const target = join(run, name);
  const isThere = await stat(target).then(
    () => true,
    () => false,
  );
  if (isThere) return target;
  const making = await mkdtemp(join(run, "m-"));
  await make(making);
  await rename(making, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    await rm(making, { recursive: true, force: true });
  });
  return target;
}
