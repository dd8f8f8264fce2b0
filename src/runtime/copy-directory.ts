/**
 * In charge of copying a server's data directory while it may be in use: by sharing blocks where the file system can
 * (reflink), else byte by byte. Files that vanish meanwhile are no failure: whoever calls this has told Postgres.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Writable } from "node:stream";
import { posternError } from "../base/error.ts";
import { type ProgramEnd, runProgram } from "./run-program.ts";
import type { ServerAccount } from "./server-account.ts";

export type CopyWay = "reflink" | "copy";

export interface CopyOptions {
  account: ServerAccount;
  way: CopyWay;
  /** Entries of the directory itself that are left out. */
  without: ReadonlySet<string>;
  signal: AbortSignal;
  onBytes?: (done: number, total: number) => void;
}

/** Whether files of `directory` can share their blocks with copies, tried with one of them. */
export async function findCopyWay(
  directory: string,
  probe: string,
  account: ServerAccount,
): Promise<CopyWay> {
  const copy = join(directory, ".reflink-probe");
  const end = await runProgram("cp", ["--reflink=always", probe, copy], { account });
  await runProgram("rm", ["-f", copy], { account });
  return end.exitCode === 0 ? "reflink" : "copy";
}

/** Copies what is in `source` into `target`, which exists. @throws Y4050 when the disk is full, Y3075 */
export async function copyDirectory(source: string, target: string, options: CopyOptions): Promise<void> {
  const names = (await readdir(source)).filter((name) => !options.without.has(name));
  const sizes = options.way === "copy" && options.onBytes ? await measure(source, names) : undefined;
  const entries = names.map((name) => join(source, name));
  const end = await copyEntries(entries, target, options, sizes);
  // A file that another one was renamed over while it was read is copied once more, alone.
  for (const path of replacedFiles(end)) {
    const inner = path.slice(source.length + 1);
    const again = await copyEntries([path], join(target, inner, ".."), options);
    requireCopied(again, replacedFiles(again).length === 0);
  }
}

async function copyEntries(
  entries: readonly string[],
  target: string,
  { account, way, signal, onBytes }: CopyOptions,
  sizes?: Map<string, number>,
): Promise<ProgramEnd> {
  const args = ["-a", `--reflink=${way === "reflink" ? "always" : "never"}`];
  const watched = sizes && onBytes ? { stdout: countCopied(sizes, onBytes) } : {};
  const end = await runProgram("cp", [...args, ...(sizes ? ["-v"] : []), "-t", target, "--", ...entries], {
    account,
    signal,
    ...watched,
  });
  requireCopied(end, true);
  return end;
}

const vanished = /^cp: cannot (?:stat|open|access|read) .*: No such file or directory$/;
const replaced = /^cp: skipping file '(.*)', as it was replaced while being copied$/;

const complaints = ({ stderr }: ProgramEnd): string[] => stderr.split("\n").filter((line) => line !== "");
const replacedFiles = (end: ProgramEnd): string[] =>
  complaints(end).flatMap((line) => replaced.exec(line)?.[1] ?? []);

function requireCopied(end: ProgramEnd, isWhole: boolean): void {
  const serious = complaints(end).filter((line) => !vanished.test(line) && !replaced.test(line));
  if (isWhole && (end.exitCode === 0 || (end.exitCode === 1 && serious.length === 0))) return;
  if (serious.some((line) => line.includes("No space left on device")))
    throw posternError("Y4050", "The disk became full while the data was copied.", {
      detail: serious.at(-1),
      hint: "What was copied is removed again. Free some space, then try once more.",
    });
  throw posternError("Y3075", "The data could not be copied.", {
    detail: serious.slice(-4).join("\n") || `cp was ended by ${end.signal ?? `code ${end.exitCode}`}.`,
  });
}

async function measure(directory: string, names: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const walk = async (path: string): Promise<void> => {
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile()) sizes.set(path, info.size);
    if (info?.isDirectory()) for (const name of await readdir(path)) await walk(join(path, name));
  };
  for (const name of names) await walk(join(directory, name));
  return sizes;
}

/** Reads the lines of `cp -v`, which name each file as its copy begins. */
function countCopied(sizes: Map<string, number>, onBytes: (done: number, total: number) => void): Writable {
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let done = 0;
  let current = 0;
  let rest = "";
  return new Writable({
    write(chunk: Buffer, _encoding, next) {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        done += current;
        current = sizes.get(/^'(.*)' -> '/.exec(line)?.[1] ?? "") ?? 0;
      }
      onBytes(done, total);
      next();
    },
  });
}

/** Copies these files of one directory into another; each must be there. @throws Y4050 Y3075 */
export async function copyFiles(
  files: readonly string[],
  target: string,
  options: Pick<CopyOptions, "account" | "signal" | "way">,
): Promise<void> {
  await copyEntries(files, target, { ...options, without: new Set() });
  const there = new Set(await readdir(target));
  const missing = files.filter((file) => !there.has(basename(file)));
  if (missing.length > 0)
    throw posternError("Y3075", "The data could not be copied.", {
      detail: `${missing[0]} vanished while it was copied.`,
    });
}
