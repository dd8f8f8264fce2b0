/** In charge of one command of a deploy: run to its end, its output in the deploy's log, and shown when it fails. */
import { appendFile } from "node:fs/promises";
import type { ManagedValues } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Service } from "../manifest/manifest.ts";
import { describeExit, runProgramToEnd } from "../runtime/service-program.ts";
import { logSize, readLogFrom } from "./read-log.ts";
import { programSettings, type ReleaseContext } from "./release-context.ts";

/** What the commands of one deploy share. */
export interface CommandContext {
  release: ReleaseContext;
  run: OperationRun;
  values: ReadonlyMap<string, ManagedValues>;
}

export interface Command {
  /** What it is for, in messages. */
  what: string;
  command: string | readonly string[];
  /** Null: the project as a whole. */
  service: Service | null;
  directory?: string;
  environment?: Record<string, string>;
}

const longestMs = 30 * 60_000;
const shownLines = 30;

/** @throws Y7052 */
export async function runCommand(context: CommandContext, command: Command): Promise<void> {
  const { release, run, values } = context;
  const { place } = release;
  const settings = programSettings(release, command.service, values);
  const program =
    typeof command.command === "string" ? settings.text(command.command) : command.command.map(settings.text);
  const logFile = place.deployLog(release.row.number);
  const shown = typeof command.command === "string" ? command.command : command.command.join(" ");
  await appendFile(logFile, `> ${shown}\n`, { mode: 0o600 });
  const offset = await logSize(logFile);
  const ended = await runProgramToEnd(
    {
      command: program,
      directory: command.directory ?? settings.directory,
      environment: { ...settings.environment, CI: "1", ...command.environment },
      account: place.account,
      logFile,
      home: place.home,
      mark: run.id,
    },
    { signal: run.signal, timeoutMs: longestMs },
  );
  if (ended.code === 0) return;
  const written = hideSecrets(lastLines(await readLogFrom(logFile, offset)), values);
  const missing = ended.code === 127 ? missingProgram(written) : undefined;
  const how = ended.timedOut
    ? `it took longer than ${longestMs / 60_000} minutes`
    : missing === undefined
      ? describeExit(ended)
      : `${missing} is not installed on the machine that Postern runs on`;
  throw posternError("Y7052", `${command.what} failed: ${how}.`, {
    detail: [`> ${shown}`, written].join("\n"),
    hint:
      missing === undefined
        ? "What served before serves on. Mend it and deploy again."
        : `Install ${missing} there, where every user finds it (/usr/local/bin), or make it a dependency of the project.`,
  });
}

/** As shells tell it: `/bin/sh: 1: pnpm: not found`, `bash: line 1: pnpm: command not found`. */
export const missingProgram = (text: string): string | undefined =>
  /(?:^|: )([\w@./+-]+): (?:command )?not found\s*$/m.exec(text)?.[1];

export const lastLines = (text: string): string => text.trimEnd().split("\n").slice(-shownLines).join("\n");

/** Programs print what they connect to. */
export function hideSecrets(text: string, values: ReadonlyMap<string, ManagedValues>): string {
  const secrets = [...values.values()].flatMap(({ password, token }) => [
    password,
    encodeURIComponent(password),
    token,
  ]);
  return secrets.reduce(
    (hidden, secret) => (secret === "" ? hidden : hidden.replaceAll(secret, "****")),
    text,
  );
}
