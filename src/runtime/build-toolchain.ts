/**
 * In charge of making the private toolchain: current Postgres, PgBouncer and pgBackRest from the distribution's packages, unpacked
 * into a folder of their own with their own C library, so that no system package is installed, changed or relied upon.
 */
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../base/error.ts";
import { openApt } from "./apt.ts";
import { knowsPostgres } from "./find-pgbackrest.ts";
import { findToolchainSources } from "./toolchain-source.ts";
import {
  type BuildReport,
  downloadInParts,
  fitPrograms,
  neededOf,
  unpackPackages,
  upstreamVersion,
} from "./unpack-packages.ts";

/** Raised when a toolchain is made differently, so that one made before is not taken for the same. */
export const toolchainRecipe = 3;

/** Postgres majors in the order of preference. */
const majors = ["17", "18", "16"];

export interface ToolchainManifest {
  recipe: number;
  postgres_major: string;
  suite: string;
  packages: Record<string, string>;
}

/** Makes the toolchain below `root` and returns its folder; one that another process made meanwhile is as good. */
export async function buildToolchain(root: string, report: BuildReport): Promise<string> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  const scratch = await mkdtemp(join(root, ".building-"));
  try {
    await chmod(scratch, 0o755);
    const { packages, major, suite } = await fetchPackages(scratch, report);
    const postgresVersion = upstreamVersion(packages.get(`postgresql-${major}`)!);
    const poolerVersion = upstreamVersion(packages.get("pgbouncer")!);
    const target = join(root, `r${toolchainRecipe}-postgres-${postgresVersion}-pgbouncer-${poolerVersion}`);
    const prefix = join(scratch, "prefix");
    await unpackPackages(join(scratch, "packages"), prefix, report);
    report({ type: "phase", message: "Fitting the programs to their own libraries" });
    await fitPrograms(prefix, target, major, ["usr/sbin/pgbouncer", "usr/bin/pgbackrest"]);
    const manifest: ToolchainManifest = {
      recipe: toolchainRecipe,
      postgres_major: major,
      suite,
      packages: Object.fromEntries(packages),
    };
    await writeFile(join(prefix, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(prefix, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return target;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function fetchPackages(scratch: string, report: BuildReport) {
  const failures: string[] = [];
  for (const source of await findToolchainSources()) {
    report({ type: "phase", message: `Reading the package lists (${source.suite})` });
    const apt = await openApt(join(scratch, `apt-${source.suite}`), source.lines);
    await apt.update();
    for (const major of majors) {
      const needed = ["pgbouncer", `postgresql-${major}`, `postgresql-${major}-pgvector`, "patchelf"];
      const resolved =
        (await resolveWithArchiver(apt, [...needed, `postgresql-${major}-hypopg`], major)) ??
        (await resolveWithArchiver(apt, needed, major)) ??
        (await apt.resolve(needed));
      if (!resolved || !recentEnough(resolved.get("pgbouncer")!, 1, 21)) {
        failures.push(`${source.suite}: no postgresql-${major} with PgBouncer >= 1.21`);
        continue;
      }
      const packages = neededOf(resolved);
      report({
        type: "phase",
        message: `Downloading Postgres ${upstreamVersion(resolved.get(`postgresql-${major}`)!)} and PgBouncer ${upstreamVersion(resolved.get("pgbouncer")!)} (${packages.size} packages)`,
      });
      await downloadInParts(apt, [...packages.keys()], join(scratch, "packages"), report);
      return { packages, major, suite: source.suite };
    }
  }
  throw posternError("Y0002", "No package source of this machine has a recent Postgres and PgBouncer.", {
    detail: failures.join("\n"),
    hint: "Install Postgres 16 or newer and PgBouncer 1.21 or newer by hand, then set POSTERN_TOOLCHAIN=system.",
  });
}

/** hypopg pretends indexes, for advice. With pgBackRest where there is one that knows this Postgres; Postern works without it, but for recovery to a point in time. */
async function resolveWithArchiver(
  apt: Awaited<ReturnType<typeof openApt>>,
  needed: readonly string[],
  major: string,
): Promise<Map<string, string> | undefined> {
  const resolved = await apt.resolve([...needed, "pgbackrest"]);
  const version = resolved?.get("pgbackrest");
  return version !== undefined && knowsPostgres(upstreamVersion(version), major) ? resolved : undefined;
}

function recentEnough(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = upstreamVersion(version).split(".").map(Number);
  return a > major || (a === major && b >= minor);
}
