/** In charge of asking a program for its version. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { posternError } from "../base/error.ts";
import { programEnvironment } from "./run-program.ts";

/** Runs the program with what makes it tell its version, which also proves that the program starts here. */
export async function versionOf(program: string, pattern: RegExp, argument = "--version"): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [argument], {
    env: programEnvironment(),
    timeout: 10_000,
  });
  const version = pattern.exec(stdout)?.[1];
  if (version === undefined)
    throw posternError("Y0002", `${program} does not tell its version.`, { detail: stdout });
  return version;
}
