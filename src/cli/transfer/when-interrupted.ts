/** In charge of ^C while data moves: nothing that was begun goes on behind the user's back, and no copy stays behind. */
import { exitCodes } from "../../base/error-codes.ts";
import { endPrograms } from "./run-postgres-program.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ends the programs that run, cleans up and exits, if a signal comes before `work` is done. */
export async function whenInterrupted<Result>(
  cleanUp: () => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const leave = () => {
    endPrograms();
    cleanUp();
    process.stderr.write("Interrupted.\n");
    process.exit(exitCodes.interrupted);
  };
  for (const signal of signals) process.once(signal, leave);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, leave);
  }
}
