/** In charge of handing over to Postgres's own psql. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { hasCode, posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { requireTarget } from "./target.ts";

/** The exit code of psql. The password goes by the environment: a command line can be read by every user. */
export async function runPsql(context: CliContext, input: CommandInput): Promise<number> {
  const target = await requireTarget(context, input, input.args[0] ?? input.text("database"));
  const url = new URL(
    target.kind === "url"
      ? target.url
      : (await (await context.forDatabase(target)).getDatabaseUrls(target.ref)).direct,
  );
  const environment: NodeJS.ProcessEnv = { ...process.env, PGPASSWORD: decodeURIComponent(url.password) };
  if (process.env.POSTERN_CA_CERT) environment.PGSSLROOTCERT ??= process.env.POSTERN_CA_CERT;
  if (input.flag("readOnly")) environment.PGOPTIONS = "-c default_transaction_read_only=on";
  url.password = "";
  for (const program of [await ownPsql(context), "psql"]) {
    const code =
      program === undefined ? undefined : await start(program, [url.href, ...psqlWords(input)], environment);
    if (code !== undefined) return code;
  }
  throw posternError("Y0002", "There is no psql to open.", {
    hint: "`postern db connect` without --psql needs none; `postern up` brings one along.",
  });
}

/** Options that the two shells have in common; psql has to be told to end at the first error. */
const psqlWords = (input: CommandInput): string[] => [
  ...input.list("set").flatMap((given) => ["-v", given]),
  ...input.list("command").flatMap((sql) => ["-c", sql]),
  ...input.list("file").flatMap((file) => ["-f", file]),
  ...(process.stdin.isTTY ? [] : ["-v", "ON_ERROR_STOP=1"]),
];

/** The one beside Postern's own Postgres, which fits its version; none where the daemon does not answer. */
async function ownPsql(context: CliContext): Promise<string | undefined> {
  try {
    const { toolchain } = await (await context.account()).status();
    if (toolchain.directory === "system") return undefined;
    return join(toolchain.directory, "usr/lib/postgresql", toolchain.postgres.split(".")[0]!, "bin/psql");
  } catch {
    return undefined;
  }
}

/** Undefined when there is no such program. */
function start(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env });
    // ^C is psql's affair: it ends a statement there, and not the session.
    const ignore = () => {};
    process.on("SIGINT", ignore);
    child.once("error", (error) => (hasCode(error, "ENOENT") ? resolve(undefined) : reject(error)));
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("close", () => process.off("SIGINT", ignore));
  });
}
