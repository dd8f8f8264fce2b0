/** In charge of getting at the files of a database's machine, in order to do them harm. */
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Resolves with what puts things right again; a string says why a disk cannot be mounted here. */
export async function moveToSmallDisk(
  folder: string,
  megabytes: number,
): Promise<(() => Promise<void>) | string> {
  if (process.getuid?.() !== 0) return "only root can mount a disk";
  const aside = `${folder}.aside`;
  const { uid, gid } = await stat(folder);
  await run("cp", ["-a", folder, aside]);
  const options = `size=${megabytes}m,mode=0750,uid=${uid},gid=${gid}`;
  await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  await run("cp", ["-a", `${aside}/.`, folder]);
  await rm(aside, { recursive: true });
  return async () => {
    await run("umount", ["--lazy", folder]);
  };
}

/** A toolchains' root like the other, with guest images of its own that may be damaged. */
export async function copyToolchains(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o755 });
  for (const name of await readdir(from)) {
    if (name.startsWith(".")) continue;
    if (name.startsWith("guest-r")) await cp(join(from, name), join(to, name), { recursive: true });
    else await symlink(join(from, name), join(to, name));
  }
}
