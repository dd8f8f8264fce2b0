/** In charge of pg_restore's work on a server that is older than it: written as a script, which psql sends in one transaction. */
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { scriptArguments, scriptForOlderServer } from "../../postgres/dump/older-server.ts";
import type { PostgresPrograms } from "./postgres-programs.ts";
import { type ProgramEnd, runPostgresProgram } from "./run-postgres-program.ts";

export interface ScriptRestore {
  programs: PostgresPrograms;
  /** Of pg_restore: what is restored from which file. */
  args: readonly string[];
  url: string;
  onLine: (line: string) => void;
}

/**
 * Resolves with the end of the program that failed, else of psql. The end of the transaction is sent when pg_restore has come
 * to its own; whatever breaks off is rolled back. @throws Y0002
 */
export async function restoreAsScript({ programs, args, url, onLine }: ScriptRestore): Promise<ProgramEnd> {
  const script = new PassThrough();
  script.write("begin;\n");
  const [written, sent] = await Promise.allSettled([
    writeScript({ programs, args, onLine, script }),
    runPostgresProgram(programs, { program: "psql", url, args: scriptArguments, stdin: script }),
  ]);
  // What psql was told is the reason; pg_restore only finds that nobody reads any more.
  if (sent.status === "fulfilled" && sent.value.code !== 0) return sent.value;
  if (written.status === "rejected") throw written.reason;
  if (sent.status === "rejected") throw sent.reason;
  return written.value.code === 0 ? sent.value : written.value;
}

async function writeScript({
  programs,
  args,
  onLine,
  script,
}: Pick<ScriptRestore, "programs" | "args" | "onLine"> & { script: PassThrough }): Promise<ProgramEnd> {
  const revised = scriptForOlderServer();
  try {
    const [end] = await Promise.all([
      runPostgresProgram(programs, {
        program: "pg_restore",
        args: [...args, "-f", "-"],
        stdout: revised,
        onLine,
      }),
      pipeline(revised, script, { end: false }),
    ]);
    script.end(end.code === 0 ? "\ncommit;\n" : "");
    return end;
  } catch (error) {
    script.destroy(error as Error);
    throw error;
  }
}
