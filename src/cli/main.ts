/** In charge of the first milliseconds of `postern`: what needs nothing loaded is answered before anything is. */
import type { Programs } from "../base/programs.ts";
import { readVersion } from "./version.ts";

/** Runs one command line. Returns the exit code. */
export async function runCli(args: readonly string[], programs: Programs): Promise<number> {
  if (args.length === 1 && ["--version", "-V", "version"].includes(args[0]!)) {
    process.stdout.write(`${await readVersion()}\n`);
    return 0;
  }
  if (args[0] === "__complete") {
    const { complete } = await import("./complete.ts");
    return complete(args.slice(1));
  }
  const { runCommandLine } = await import("./run-command-line.ts");
  return runCommandLine(args, programs);
}
