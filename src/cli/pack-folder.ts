/** In charge of packing a project's folder for a deploy: what is the user's own, without what can be made of it. */
import { spawn } from "node:child_process";
import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { posternError } from "../base/error.ts";

/** Never sent: made again by the install, or not meant for anywhere else. */
const left = new Set([".git", "node_modules", ".postern", ".DS_Store"]);
const mostBytes = 256 * 1024 ** 2;
const mostFiles = 100_000;

/** Tar and gzip. @throws Y7055 */
export async function packFolder(directory: string): Promise<{ content: Buffer; files: number }> {
  const files = await listFiles(directory);
  if (files.length === 0) throw posternError("Y7055", `There is nothing to deploy in ${directory}.`);
  if (files.length > mostFiles) {
    throw posternError("Y7055", `${directory} has more than ${mostFiles} files.`, {
      hint: "Leave what is not needed out of it: what .gitignore names is not sent.",
    });
  }
  const args = ["-c", "-z", "-f", "-", "-C", directory, "--null", "--no-recursion", "-T", "-"];
  const { output, code, errors } = await collect("tar", args, files.map((file) => `./${file}\0`).join(""));
  if (code !== 0) throw posternError("Y7055", "The folder cannot be packed.", { detail: errors.trim() });
  return { content: output, files: files.length };
}

/** As git sees the folder, also where it is none of git's; where there is no git, all of it. Paths relative to it. */
export async function listFiles(directory: string): Promise<string[]> {
  const known = (await listByGit(directory, [])) ?? (await listAsGitWould(directory));
  const files = known ?? (await walk(directory, ""));
  return files.filter((file) => !file.split("/").some((part) => left.has(part) || isSecret(part)));
}

/** Values for one's own machine: what a service needs of them the manifest names. */
const isSecret = (name: string): boolean =>
  /^\.env(\.|$)/.test(name) && !/\.(example|sample|template)$/.test(name);

/** A folder that is no repository yet can say in its .gitignore what is not sent. */
async function listAsGitWould(directory: string): Promise<string[] | undefined> {
  const repository = await mkdtemp(join(tmpdir(), "postern-git-"));
  try {
    const made = await collect("git", ["init", "--quiet", "--bare", repository], "").catch(() => undefined);
    if (made?.code !== 0) return undefined;
    return await listByGit(directory, [`--git-dir=${repository}`, `--work-tree=${directory}`]);
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
}

async function listByGit(directory: string, where: readonly string[]): Promise<string[] | undefined> {
  const args = ["-C", directory, ...where, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const ended = await collect("git", args, "").catch(() => undefined);
  if (ended?.code !== 0) return undefined;
  const listed = [...new Set(ended.output.toString("utf8").split("\0"))].filter((file) => file !== "");
  const there = await Promise.all(
    listed.map((file) =>
      lstat(join(directory, file)).then(
        (info) => !info.isDirectory(),
        () => false,
      ),
    ),
  );
  return listed.filter((_, at) => there[at]);
}

async function walk(directory: string, below: string): Promise<string[]> {
  const entries = await readdir(join(directory, below), { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries) {
    if (left.has(entry.name)) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await walk(directory, path)));
    else if (entry.isFile() || entry.isSymbolicLink()) files.push(path);
  }
  return files;
}

function collect(
  program: string,
  args: readonly string[],
  input: string,
): Promise<{ output: Buffer; errors: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const parts: Buffer[] = [];
    let size = 0;
    let errors = "";
    child.stdout.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= mostBytes) parts.push(part);
      else if (!child.killed) {
        child.kill();
        reject(
          posternError("Y7055", `The folder is larger than ${mostBytes / 1024 ** 2} MiB, compressed.`, {
            hint: "Leave what is not needed out of it: what .gitignore names is not sent.",
          }),
        );
      }
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.stdin.on("error", () => {});
    child.once("error", reject);
    child.once("close", (code) => resolve({ output: Buffer.concat(parts), errors, code }));
    child.stdin.end(input);
  });
}
