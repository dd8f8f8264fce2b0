/** In charge of a disk of a few kilobytes that a test can fill. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../src/base/error.ts";

const run = promisify(execFile);

export interface SmallDisk {
  directory: string;
  remove(): Promise<void>;
}

/** Returns why there can be none when this process may not mount one. */
export async function mountSmallDisk(size: string): Promise<SmallDisk | string> {
  if (process.getuid?.() !== 0) return "only root can mount a disk";
  const directory = await mkdtemp(join(tmpdir(), "pn-disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
  } catch (error) {
    await rm(directory, { recursive: true });
    return `a disk cannot be mounted here: ${messageOf(error)}`;
  }
  await chmod(directory, 0o755);
  return {
    directory,
    async remove() {
      await run("umount", [directory]);
      await rm(directory, { recursive: true });
    },
  };
}
