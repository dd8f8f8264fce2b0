/**
 * In charge of learning whether this machine's KVM runs a guest. Some open, make a machine and then hang or abort on the
 * first real kernel: only booting it tells, and never for longer than a few seconds.
 */
import { spawn } from "node:child_process";
import { access, readFile, rename, writeFile } from "node:fs/promises";
import { programEnvironment } from "../run-program.ts";
import type { ServerAccount } from "../server-account.ts";
import type { Qemu } from "./find-qemu.ts";
import { type GuestImage, imageFile } from "./guest-image.ts";
import { probeMarker } from "./guest-init.ts";
import { type Acceleration, probeArguments } from "./machine-arguments.ts";

export interface Verdict {
  acceleration: Acceleration;
  /** For people. */
  reason: string;
}

interface Noted extends Verdict {
  /** Machine's boot, image and QEMU that it holds for. */
  holds_for: string;
}

export interface ProbeOptions {
  image: GuestImage;
  qemu: Qemu;
  account: ServerAccount;
  /** Where the verdict is kept until the machine starts again. */
  file: string;
  timeoutMs?: number;
  /** The device; another for tests. */
  device?: string;
}

const probeWithinMs = 8_000;

/** Known from an earlier look since the machine's start, or looked at now. */
export async function findAcceleration(options: ProbeOptions): Promise<Verdict> {
  const holdsFor = `${await readBootId()} ${options.image.digest} ${options.qemu.version} ${options.account.uid}`;
  const noted = await readNoted(options.file);
  if (noted?.holds_for === holdsFor) return noted;
  const verdict = await probe(options);
  const temporary = `${options.file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify({ ...verdict, holds_for: holdsFor } satisfies Noted));
  await rename(temporary, options.file);
  return verdict;
}

const readNoted = (file: string): Promise<Noted | undefined> =>
  readFile(file, "utf8")
    .then(
      (text) => JSON.parse(text) as Noted,
      () => undefined,
    )
    .catch(() => undefined);

export const readBootId = async (): Promise<string> =>
  (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();

async function probe(options: ProbeOptions): Promise<Verdict> {
  const { image, qemu, account, timeoutMs = probeWithinMs, device = "/dev/kvm" } = options;
  const isThere = await access(device).then(
    () => true,
    () => false,
  );
  if (!isThere) return { acceleration: "tcg", reason: `there is no ${device}` };
  const args = probeArguments({
    kernel: imageFile(image, "vmlinuz"),
    initramfs: imageFile(image, "initramfs"),
    dataFolders: qemu.dataFolders,
  });
  return judgeProbe(await runBounded(qemu.system, args, account, timeoutMs));
}

export interface ProbeEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  isTimedOut: boolean;
}

/** The marker and a clean end, or it does not count. */
export function judgeProbe({ exitCode, output, isTimedOut }: ProbeEnd): Verdict {
  if (isTimedOut) return { acceleration: "tcg", reason: "KVM is there, and a kernel hangs in it" };
  if (exitCode === 0 && output.includes(probeMarker))
    return { acceleration: "kvm", reason: "a kernel booted in it" };
  const last = output.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  return {
    acceleration: "tcg",
    reason: `KVM is there, and no kernel boots in it${last === "" ? "" : `: ${last}`}`,
  };
}

function runBounded(
  program: string,
  args: readonly string[],
  account: ServerAccount,
  timeoutMs: number,
): Promise<ProbeEnd> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: "/",
      env: programEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      ...(account.separate ? { uid: account.uid, gid: account.gid } : {}),
    });
    let output = "";
    let isTimedOut = false;
    const collect = (text: string) => (output = (output + text).slice(-16_384));
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    // A machine that hangs in the kernel's KVM takes no notice of anything milder.
    const timer = setTimeout(() => {
      isTimedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    const end = (exitCode: number | null, signal: NodeJS.Signals | null) => {
      clearTimeout(timer);
      resolve({ exitCode, signal, output, isTimedOut });
    };
    child.once("error", (error) => {
      output += error.message;
      end(null, null);
    });
    child.once("close", end);
  });
}
