/** In charge of prepared data directories of every major: of the usual one from the beginning, of others from their first use on. */
import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { PostgresMajors } from "./postgres-majors.ts";
import type { ServerAccount } from "./server-account.ts";
import { ensureServerTemplate } from "./server-template.ts";
import { DirectoryPool, type WarmPool } from "./warm-pool.ts";

export interface WarmPoolsOptions {
  /** Folder of all servers; templates and prepared directories are beside them. */
  instances: string;
  /** Folder below which the server that fills a template has its socket. */
  run: string;
  majors: PostgresMajors;
  account: ServerAccount;
  /** None is made ahead, and the disk is not waited for. */
  ephemeral: boolean;
  report(message: string): void;
}

/** Another major than the usual one is rarely asked for twice in a row. */
const usualSize = 2;
const otherSize = 1;

export class WarmPools implements WarmPool {
  readonly #options: WarmPoolsOptions;
  readonly #pools = new Map<string, Promise<Prepared>>();

  constructor(options: WarmPoolsOptions) {
    this.#options = options;
  }

  /** Makes sure of the template of the usual major. */
  async prepare(): Promise<void> {
    await this.#poolOf(undefined);
  }

  async claim(dataDirectory: string, major?: string): Promise<void> {
    await (await this.#poolOf(major)).pool.claim(dataDirectory);
  }

  async refill(major?: string): Promise<void> {
    await (await this.#poolOf(major)).pool.refill();
  }

  /** What every server of this major begins as. */
  async template(major: string): Promise<string> {
    return (await this.#poolOf(major)).template;
  }

  #poolOf(major: string = this.#options.majors.usual): Promise<Prepared> {
    let pool = this.#pools.get(major);
    if (!pool) {
      pool = this.#open(major);
      this.#pools.set(major, pool);
      // What fails is tried again by whoever asks next.
      pool.catch(() => this.#pools.delete(major));
    }
    return pool;
  }

  async #open(major: string): Promise<Prepared> {
    const { instances, run, majors, account, ephemeral, report } = this.#options;
    const toolchain = await majors.get(major);
    const template = await ensureServerTemplate({
      directory: instances,
      socketDirectory: join(run, `.template-${major}`),
      toolchain,
      account,
      report,
    });
    await removeOutdated(instances, basename(template));
    const size = major === majors.usual ? usualSize : otherSize;
    const pool = new DirectoryPool({
      directory: join(instances, basename(template).replace(".template", ".warm")),
      template,
      size: ephemeral ? 0 : size,
      sync: !ephemeral,
      toolchain,
      account,
    });
    return { pool, template };
  }
}

interface Prepared {
  pool: DirectoryPool;
  template: string;
}

/** What was made before the platform's SQL changed is of no use any more. */
async function removeOutdated(instances: string, template: string): Promise<void> {
  const [, major] = /^\.template-(\d+)-/.exec(template)!;
  const outdated = (await readdir(instances)).filter(
    (name) =>
      name === ".warm" ||
      (new RegExp(`^\\.(template|warm)-${major}-[0-9a-f]{8}$`).test(name) &&
        name.replace(".warm", ".template") !== template),
  );
  for (const name of outdated) await rm(join(instances, name), { recursive: true, force: true });
}
