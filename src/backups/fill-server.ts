/** In charge of running pg_restore against a server, also one that is older than the pg_restore. */
import type { Readable } from "node:stream";
import type { Platform } from "../instances/platform.ts";
import { serverMajor, serverToolchain } from "../instances/server-toolchain.ts";
import { needsScript, scriptArguments, scriptForOlderServer } from "../postgres/dump/older-server.ts";
import { type ProgramEnd, type ProgramOptions, runProgram } from "../runtime/run-program.ts";
import { postgresMajor, postgresProgram, type Toolchain } from "../runtime/toolchain.ts";
import { fillingOptions } from "./restore-settings.ts";

export interface Filling {
  server: string;
  /** Where pg_restore and psql connect to: what their options are called in both. */
  address: readonly string[];
  /** What is restored: a list of entries, and a file if it is not `stdin`. */
  choice: readonly string[];
  /** Sessions at once; an older server is filled by one. */
  jobs?: number;
  stdin?: Readable;
  signal: AbortSignal;
}

/** The first error ends it. Resolves with the end of the program that failed, else of the last one. @throws Y0002 Y3009 */
export async function fillServer(platform: Platform, filling: Filling): Promise<ProgramEnd> {
  const { server, address, choice, jobs = 1, stdin, signal } = filling;
  const toolchain = await serverToolchain(platform, server);
  const options = { account: platform.account, signal, environment: { PGOPTIONS: fillingOptions } };
  const major = (await serverMajor(platform.config, server)) ?? postgresMajor(toolchain);
  if (needsScript(Number(postgresMajor(toolchain)), Number(major)))
    return fillByScript(toolchain, filling, options);
  const args = [...address, "--exit-on-error", ...(jobs > 1 ? [`--jobs=${jobs}`] : []), ...choice];
  return runProgram(postgresProgram(toolchain, "pg_restore"), args, { ...options, stdin });
}

async function fillByScript(
  toolchain: Toolchain,
  { address, choice, stdin }: Filling,
  options: ProgramOptions,
): Promise<ProgramEnd> {
  const script = scriptForOlderServer();
  const [written, sent] = await Promise.allSettled([
    runProgram(postgresProgram(toolchain, "pg_restore"), ["-f", "-", ...choice], {
      ...options,
      stdin,
      stdout: script,
    }),
    runProgram(postgresProgram(toolchain, "psql"), [...scriptArguments, ...address], {
      ...options,
      stdin: script,
    }),
  ]);
  // What psql was told is the reason; pg_restore only finds that nobody reads any more.
  if (sent.status === "fulfilled" && sent.value.exitCode !== 0) return sent.value;
  if (written.status === "rejected") throw written.reason;
  if (sent.status === "rejected") throw sent.reason;
  return written.value.exitCode === 0 ? sent.value : written.value;
}
