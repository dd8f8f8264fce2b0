/**
 * In charge of data directories that are prepared and synced to disk ahead of time: a new server starts from a rename,
 * which takes no time, instead of from a copy.
 */

import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { posternError } from "../base/error.ts";
import { ownPath } from "./own-path.ts";
import { runProgram } from "./run-program.ts";
import type { ServerAccount } from "./server-account.ts";
import { postgresProgram, type Toolchain } from "./toolchain.ts";

export interface WarmPool {
  /** Moves a prepared directory to `dataDirectory`, or makes one there when none is ready. @param major the usual one if not given */
  claim(dataDirectory: string, major?: string): Promise<void>;
  /** Fills up to the wanted number; called in the background. */
  refill(major?: string): Promise<void>;
}

export interface DirectoryPoolOptions {
  /** Where the prepared directories wait; on the same file system as the servers. */
  directory: string;
  /** What they are copies of. */
  template: string;
  size: number;
  /** Copies are forced to disk before they are used. */
  sync: boolean;
  toolchain: Toolchain;
  account: ServerAccount;
}

export class DirectoryPool implements WarmPool {
  readonly #options: DirectoryPoolOptions;
  #refilling: Promise<void> | undefined;

  constructor(options: DirectoryPoolOptions) {
    this.#options = options;
  }

  async claim(dataDirectory: string): Promise<void> {
    for (const name of await this.#ready()) {
      try {
        await rename(join(this.#options.directory, name), dataDirectory);
        return;
      } catch (error) {
        // Another claim was faster.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
    const copy = await this.#copy(dirname(dataDirectory));
    await rename(copy, dataDirectory);
  }

  /** One refill at a time; a second call waits for the first. */
  refill(): Promise<void> {
    this.#refilling ??= this.#fill().finally(() => {
      this.#refilling = undefined;
    });
    return this.#refilling;
  }

  async #fill(): Promise<void> {
    const { directory, account, size } = this.#options;
    await mkdir(directory, { recursive: true });
    await ownPath(directory, account);
    for (const name of await readdir(directory)) {
      if (name.startsWith("copying-")) await rm(join(directory, name), { recursive: true, force: true });
    }
    while ((await this.#ready()).length < size) {
      const copy = await this.#copy(directory);
      await rename(copy, join(directory, `ready-${randomBytes(6).toString("hex")}`));
    }
  }

  async #ready(): Promise<string[]> {
    return (await readdir(this.#options.directory).catch(() => [])).filter((name) =>
      name.startsWith("ready-"),
    );
  }

  /** A synced copy of the template in `directory`, under a temporary name. */
  async #copy(directory: string): Promise<string> {
    const { template, toolchain, account, sync } = this.#options;
    const copy = join(directory, `copying-${randomBytes(6).toString("hex")}`);
    await expectSuccess("cp", ["-a", "--reflink=auto", template, copy], account);
    if (sync) await expectSuccess(postgresProgram(toolchain, "initdb"), ["--sync-only", "-D", copy], account);
    return copy;
  }
}

async function expectSuccess(
  program: string,
  args: readonly string[],
  account: ServerAccount,
): Promise<void> {
  const end = await runProgram(program, args, { account });
  if (end.exitCode !== 0) {
    throw posternError("Y4002", "A data directory could not be made.", {
      detail: end.stderr.trim(),
      hint: "Check that the disk of POSTERN_HOME has space left.",
    });
  }
}
