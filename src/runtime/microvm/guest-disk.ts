/**
 * In charge of guests' disks: one template for each state of the platform's SQL, written from the data directory that every
 * server begins as, and a thin layer on it for each guest. A template is never changed and never removed: layers need it.
 */
import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { posternError } from "../../base/error.ts";
import { ownPath } from "../own-path.ts";
import { runProgram } from "../run-program.ts";
import type { ServerAccount } from "../server-account.ts";
import { findMkfs } from "./compose-guest.ts";
import type { Qemu } from "./find-qemu.ts";

/** What fits on a guest's disk; it takes room as it fills. */
export const diskGigabytes = 64;

export interface TemplateDiskOptions {
  /** Data directory that every server of this major begins as. */
  template: string;
  qemu: Qemu;
  account: ServerAccount;
}

/** Path of the disk for this template, made now if it is not there. @throws Y8107 */
export async function ensureTemplateDisk(options: TemplateDiskOptions): Promise<string> {
  const { template, qemu, account } = options;
  const target = join(dirname(template), `${basename(template).replace(".template", ".guest-disk")}.qcow2`);
  if (await isThere(target)) return target;
  const work = `${target}.making-${process.pid}`;
  await rm(work, { recursive: true, force: true });
  try {
    await mkdir(join(work, "disk"), { recursive: true });
    for (const folder of [work, join(work, "disk")]) await ownPath(folder, account);
    await run("cp", ["-a", "--reflink=auto", template, join(work, "disk", "pg")], account);
    const raw = join(work, "disk.raw");
    const format = [
      "-q",
      "-t",
      "ext4",
      "-T",
      "largefile",
      "-m",
      "0",
      "-E",
      "lazy_itable_init=1,lazy_journal_init=1",
    ];
    await run(
      await findMkfs(),
      [...format, "-d", join(work, "disk"), "-F", raw, `${diskGigabytes}G`],
      account,
    );
    const whole = join(work, "disk.qcow2");
    await run(qemu.image, ["convert", "-f", "raw", "-O", "qcow2", raw, whole], account);
    await chmod(whole, 0o440);
    await rename(whole, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

interface Disk {
  /** The template that it is a layer on. */
  base: string;
  sizeBytes: number;
}

/** Also of one that is in use. @throws Y8107 */
export async function describeDisk(qemu: Qemu, file: string, account: ServerAccount): Promise<Disk> {
  const end = await runProgram(qemu.image, ["info", "-U", "--output=json", file], { account });
  if (end.exitCode !== 0)
    throw posternError("Y8107", "The disk of a guest cannot be read.", {
      detail: end.stderr.trim(),
      hint: "Restore a backup into a new database: postern db backup list",
    });
  const info = JSON.parse(end.stdout) as { "full-backing-filename": string; "virtual-size": number };
  return { base: info["full-backing-filename"], sizeBytes: info["virtual-size"] };
}

/** Of a machine that is off; it never gets smaller. Repeatable. @throws Y8107 */
export async function growDisk(
  file: string,
  sizeBytes: number,
  qemu: Qemu,
  account: ServerAccount,
): Promise<void> {
  if ((await describeDisk(qemu, file, account)).sizeBytes >= sizeBytes) return;
  await run(qemu.image, ["resize", "-q", "-f", "qcow2", file, String(sizeBytes)], account);
}

export interface LayDiskOptions {
  qemu: Qemu;
  account: ServerAccount;
  /** As large as the other if not given. */
  sizeBytes?: number;
}

/** A disk that differs from the other in nothing yet. @throws Y8107 */
export async function layDisk(
  target: string,
  base: string,
  { qemu, account, sizeBytes }: LayDiskOptions,
): Promise<void> {
  const size = sizeBytes === undefined ? [] : [String(sizeBytes)];
  await run(qemu.image, ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", target, ...size], account);
  await chmod(target, 0o640);
}

async function run(program: string, args: readonly string[], account: ServerAccount): Promise<void> {
  const end = await runProgram(program, args, { account });
  if (end.exitCode === 0) return;
  throw posternError("Y8107", "The disk of a guest could not be made.", {
    detail: end.stderr.trim() || `${program} ended with code ${end.exitCode}`,
    hint: "Check that the disk of POSTERN_HOME has space left.",
  });
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
