/**
 * In charge of which majors of Postgres can be had here, and of having them: the toolchain's own, those that an earlier
 * release's toolchain or an earlier call has left, those of the distribution's archive, and those that the system has.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../base/config.ts";
import { hasCode, posternError } from "../base/error.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import { buildPostgres, majorPrefix } from "./build-postgres.ts";
import { findPgbackrest } from "./find-pgbackrest.ts";
import { versionOf } from "./program-version.ts";
import { findSystemPostgres, listSystemMajors } from "./system-toolchain.ts";
import { postgresMajor, type Toolchain } from "./toolchain.ts";
import { listPackagedMajors } from "./toolchain-source.ts";
import type { BuildReport } from "./unpack-packages.ts";

/** The first with privileges on single settings, on which the identity of clients rests. */
const oldest = 15;

export class PostgresMajors {
  readonly #toolchain: Toolchain;
  readonly #directory: string;
  readonly #choice: Config["toolchain"];
  readonly #known = new Map<string, Toolchain>();
  readonly #lock = new KeyedLock();

  constructor(toolchain: Toolchain, config: Pick<Config, "toolchain" | "toolchainDirectory">) {
    this.#toolchain = toolchain;
    this.#directory = config.toolchainDirectory;
    this.#choice = config.toolchain;
    this.#known.set(this.usual, toolchain);
  }

  /** What the shared server runs, and a database that asks for nothing else. */
  get usual(): string {
    return postgresMajor(this.#toolchain);
  }

  /** Those that can be had, newest first: installed or to be installed by their first use. */
  async list(): Promise<string[]> {
    const found = new Set([this.usual, ...this.#known.keys()]);
    if (this.#choice !== "private") for (const major of await listSystemMajors()) found.add(major);
    if (this.#choice !== "system") {
      for (const major of await listPackagedMajors()) found.add(major);
      for (const name of await this.#folders()) {
        const major = /^(?:major-|r\d+-postgres-)(\d+)[-.]/.exec(name)?.[1];
        if (major !== undefined) found.add(major);
      }
    }
    return [...found].filter((major) => Number(major) >= oldest).sort((a, b) => Number(b) - Number(a));
  }

  /** The toolchain with the Postgres of this major in it, if it is there already. */
  async find(major: string): Promise<Toolchain | undefined> {
    return (await this.#findOwn(major)) ?? this.#findSystem(major);
  }

  /** Does `get` answer at once? */
  async isReady(major: string): Promise<boolean> {
    return (await this.#findOwn(major)) !== undefined;
  }

  /** The toolchain with the Postgres of this major in it, installed now if it is not there. @throws Y0002 Y3009 */
  get(major: string, report: BuildReport = () => {}): Promise<Toolchain> {
    return this.#lock.run(major, async () => {
      const own = await this.#findOwn(major);
      if (own) return own;
      const packaged = this.#choice !== "system" && (await listPackagedMajors()).includes(major);
      if (!packaged) return (await this.#findSystem(major)) ?? this.#refuse(major);
      try {
        await buildPostgres(this.#directory, major, report);
      } catch (error) {
        // Without the package archive the system's is as good.
        const system = await this.#findSystem(major);
        if (system) return system;
        throw error;
      }
      const built = await this.#findOwn(major);
      if (built) return built;
      throw posternError("Y0002", `Postgres ${major} does not run on this machine.`);
    });
  }

  /**
   * Programs that read a server of this major and fill it: of its own, else of the next newer one that can be had.
   * @throws Y0002 Y3009
   */
  async getReader(major: string): Promise<Toolchain> {
    try {
      return await this.get(major);
    } catch (error) {
      if (!hasCode(error, "Y3009")) throw error;
      const newer = (await this.list()).findLast((other) => Number(other) > Number(major));
      if (newer !== undefined) return this.get(newer);
      throw posternError(
        "Y3009",
        `The programs of Postgres ${major} cannot be had here, and older ones do not read it.`,
        {
          hint: `Install the package postgresql-client-${major}.`,
        },
      );
    }
  }

  /** @throws Y3009 when it can be had in no way. */
  async require(major: string): Promise<void> {
    if (!(await this.list()).includes(major)) await this.#refuse(major);
  }

  async #refuse(major: string): Promise<never> {
    throw posternError("Y3009", `Postgres ${major} cannot be had here.`, {
      hint: `Available: ${(await this.list()).join(", ")}.`,
    });
  }

  /** Remembered: servers are started with what their first start found. */
  async #findOwn(major: string): Promise<Toolchain | undefined> {
    const known = this.#known.get(major);
    if (known || this.#choice === "system") return known;
    const names = (await this.#folders()).filter(
      (name) => name.startsWith(majorPrefix(major)) || new RegExp(`^r\\d+-postgres-${major}\\.`).test(name),
    );
    for (const name of names) {
      const directory = join(this.#directory, name);
      const bin = join(directory, "usr/lib/postgresql", major, "bin");
      const found = await this.#open(directory, bin).catch(() => undefined);
      if (!found) continue;
      this.#known.set(major, found);
      return found;
    }
    return undefined;
  }

  async #findSystem(major: string): Promise<Toolchain | undefined> {
    if (this.#choice === "private") return undefined;
    const system = await findSystemPostgres(major);
    return system && this.#with("system", system.bin, system.version);
  }

  async #open(directory: string, postgresBin: string): Promise<Toolchain> {
    const version = await versionOf(join(postgresBin, "postgres"), /\(PostgreSQL\) (\S+)/);
    return this.#with(directory, postgresBin, version);
  }

  async #with(directory: string, postgresBin: string, postgresVersion: string): Promise<Toolchain> {
    const { pgbackrest } = this.#toolchain;
    return {
      ...this.#toolchain,
      directory,
      postgresBin,
      postgresVersion,
      pgbackrest: pgbackrest && (await findPgbackrest([pgbackrest.program], postgresVersion)),
    };
  }

  /** Newest versions first. */
  async #folders(): Promise<string[]> {
    const names = await readdir(this.#directory).catch(() => []);
    return names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  }
}
