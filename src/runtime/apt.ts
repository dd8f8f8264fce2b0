/**
 * In charge of calling apt with a state of its own: it resolves and downloads with apt's own verification (signed
 * release files, hashes of every package) and touches nothing of the system; it needs no root.
 */
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../base/error.ts";

export interface Apt {
  update(): Promise<void>;
  /** Names and versions of a package set with all its dependencies; undefined when it cannot be had. */
  resolve(packages: readonly string[]): Promise<Map<string, string> | undefined>;
  /** Downloads into a folder. */
  download(packages: readonly string[], directory: string): Promise<void>;
}

/** @param directory scratch folder for apt's lists and caches. */
export async function openApt(directory: string, sourceLines: readonly string[]): Promise<Apt> {
  for (const folder of ["lists/partial", "archives/partial"])
    await mkdir(join(directory, folder), { recursive: true });
  await writeFile(join(directory, "sources.list"), `${sourceLines.join("\n")}\n`);
  await writeFile(join(directory, "status"), "");
  const settings = {
    "Dir::State": directory,
    "Dir::State::status": join(directory, "status"),
    "Dir::State::lists": join(directory, "lists"),
    "Dir::Cache": directory,
    "Dir::Cache::archives": join(directory, "archives"),
    "Dir::Etc::sourcelist": join(directory, "sources.list"),
    "Dir::Etc::sourceparts": "-",
    "APT::Install-Recommends": "false",
    "APT::Get::List-Cleanup": "false",
    "Acquire::Retries": "3",
    "Acquire::Languages": "none",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return {
    async update() {
      const end = await run("apt-get", [...options, "-q", "update"], directory);
      // apt ends with 0 when a list could not be fetched and an old one is kept; here there is no old one.
      if (end.code !== 0 || /^[EW]: (Failed|The repository|Some index|GPG)/m.test(end.stderr))
        throw aptFailed("read the package lists", end.stderr);
    },
    async resolve(packages) {
      const end = await run("apt-get", [...options, "-q", "--simulate", "install", ...packages], directory);
      if (end.code !== 0) return undefined;
      const versions = [...end.stdout.matchAll(/^Inst (\S+) \((\S+)/gm)].map((match): [string, string] => [
        match[1]!,
        match[2]!,
      ]);
      return new Map(versions);
    },
    async download(packages, target) {
      await mkdir(target, { recursive: true });
      const end = await run("apt-get", [...options, "-q", "download", ...packages], target);
      if (end.code !== 0) throw aptFailed("download the packages", end.stderr);
    },
  };
}

function aptFailed(what: string, stderr: string) {
  return posternError("Y0002", `apt could not ${what}.`, {
    detail: stderr.trim().split("\n").slice(-4).join("\n"),
    hint: "Check that the machine reaches its package mirror (`apt-get update`), then run the command again.",
  });
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", (error) =>
      reject(
        posternError("Y0002", `${program} cannot be started.`, {
          detail: error.message,
          hint: "Postern's private toolchain needs apt.",
        }),
      ),
    );
    child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}
