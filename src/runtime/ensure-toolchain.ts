/** In charge of having a toolchain: the private one if it is there, else made now, else the system's if that is enough. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../base/config.ts";
import { asPosternError, posternError } from "../base/error.ts";
import { buildToolchain, type ToolchainManifest, toolchainRecipe } from "./build-toolchain.ts";
import { findPgbackrest } from "./find-pgbackrest.ts";
import { versionOf } from "./program-version.ts";
import { findSystemToolchain } from "./system-toolchain.ts";
import type { Toolchain } from "./toolchain.ts";
import type { BuildReport } from "./unpack-packages.ts";

/** @throws Y0002 telling what was tried and what would help. */
export async function ensureToolchain(
  config: Pick<Config, "toolchain" | "toolchainDirectory">,
  report: BuildReport = () => {},
): Promise<Toolchain> {
  if (config.toolchain === "system") return requireSystemToolchain();
  const existing = await findPrivateToolchain(config.toolchainDirectory);
  if (existing) return existing;
  try {
    return await openToolchain(await buildToolchain(config.toolchainDirectory, report));
  } catch (error) {
    // Without the package archive one that an earlier release made does all that it did then.
    const earlier = await findPrivateToolchain(config.toolchainDirectory, "r");
    if (earlier) return earlier;
    const system = config.toolchain === "auto" ? await findSystemToolchain() : undefined;
    if (system) return system;
    throw asPosternError(error);
  }
}

/** The newest private toolchain that is complete; of this release's recipe unless another beginning is given. */
export async function findPrivateToolchain(
  root: string,
  prefix = `r${toolchainRecipe}-`,
): Promise<Toolchain | undefined> {
  const names = (await readdir(root).catch(() => [])).filter((name) => name.startsWith(prefix));
  names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  for (const name of names) {
    const toolchain = await openToolchain(join(root, name)).catch(() => undefined);
    if (toolchain) return toolchain;
  }
  return undefined;
}

async function openToolchain(directory: string): Promise<Toolchain> {
  const manifest = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8")) as ToolchainManifest;
  const postgresBin = join(directory, "usr/lib/postgresql", manifest.postgres_major, "bin");
  const pgbouncer = join(directory, "usr/sbin/pgbouncer");
  const postgresVersion = await versionOf(join(postgresBin, "postgres"), /\(PostgreSQL\) (\S+)/);
  return {
    directory,
    postgresBin,
    pgbouncer,
    postgresVersion,
    pgbouncerVersion: await versionOf(pgbouncer, /PgBouncer (\S+)/),
    pgbackrest: await findPgbackrest([join(directory, "usr/bin/pgbackrest")], postgresVersion),
  };
}

async function requireSystemToolchain(): Promise<Toolchain> {
  const found = await findSystemToolchain();
  if (found) return found;
  throw posternError("Y0002", "The system has no Postgres >= 16 with PgBouncer >= 1.21.", {
    hint: "Install the packages postgresql-17 and pgbouncer, or unset POSTERN_TOOLCHAIN to use the private toolchain.",
  });
}
