/** In charge of which extensions a Postgres could have in its databases: those that its packages brought along. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import type { ServerAccount } from "./server-account.ts";
import { postgresProgram, type Toolchain } from "./toolchain.ts";

/** Undefined when the Postgres does not tell where they are. */
export async function availableExtensions(
  toolchain: Toolchain,
  account: ServerAccount,
): Promise<Set<string> | undefined> {
  const end = await runProgram(postgresProgram(toolchain, "pg_config"), ["--sharedir"], { account }).catch(
    () => undefined,
  );
  if (end?.exitCode !== 0) return undefined;
  const names = await readdir(join(end.stdout.trim(), "extension")).catch(() => undefined);
  return (
    names &&
    new Set(names.flatMap((name) => (name.endsWith(".control") ? [name.slice(0, -".control".length)] : [])))
  );
}
