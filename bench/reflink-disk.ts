/** In charge of a disk on which files can share their blocks: an xfs in a file, mounted for a while. */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface ReflinkDisk {
  directory: string;
  remove(): Promise<void>;
}

/** Returns why there can be none. @param size as `truncate` reads it; the file is sparse */
export async function mountReflinkDisk(size: string): Promise<ReflinkDisk | string> {
  if (process.getuid?.() !== 0) return "only root can mount a disk";
  const root = await mkdtemp(join(tmpdir(), "pn-xfs-"));
  const [image, directory] = [join(root, "image"), join(root, "d")];
  try {
    await mkdir(directory);
    await run("truncate", ["-s", size, image]);
    await run("mkfs.xfs", ["-q", "-m", "reflink=1", image]);
    await run("mount", ["-o", "loop", image, directory]);
  } catch (error) {
    await rm(root, { recursive: true });
    return `an xfs cannot be made here: ${error instanceof Error ? error.message : String(error)}`;
  }
  for (const path of [root, directory]) await chmod(path, 0o755);
  return {
    directory,
    async remove() {
      await run("umount", [directory]);
      await rm(root, { recursive: true });
    },
  };
}
