/** In charge of understanding why pg_dump or pg_restore failed. */
import type { ProgramEnd } from "../runtime/run-program.ts";

const lostServer =
  /connection to server .* failed: (?!FATAL: +(?:database|role|permission|peer|no pg_hba))|server closed the connection unexpectedly|no connection to the server|terminating connection (?:due to administrator command|because of crash)|the database system is (?:starting up|shutting down|in recovery|not yet accepting)/;

/** A server that is being started again is a fault that passes. */
export const serverWentAway = (end: ProgramEnd): boolean => lostServer.test(end.stderr);

/** The last lines that the program wrote, or how it was ended when it wrote none. */
export function lastWords(program: string, end: ProgramEnd): string {
  const words = end.stderr.trim().split("\n").slice(-8).join("\n");
  const killed = end.signal === null ? "" : `${program} was ended by ${end.signal}.`;
  return [words, killed].filter((text) => text !== "").join("\n") || `${program} ended with ${end.exitCode}.`;
}
