/** In charge of `postern run`: a program of the user's, with the database's variables in its environment. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { readVariables, refuseReserved } from "../variables.ts";

export const run: CommandRun = async (context, input) => {
  const [program, ...args] = input.args;
  const variables = await readVariables(context, input);
  refuseReserved(process.env, variables);
  return runProgram(program!, args, { ...process.env, ...variables });
};

/** Its exit code; 128 and the signal's number when a signal ended it. */
export function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env });
    // The terminal sends ^C to the program as well; what to do about it is the program's affair.
    process.on("SIGINT", () => {});
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(posternError("Y1013", `${program} cannot be run.`, { detail: error.message, cause: error })),
    );
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}
