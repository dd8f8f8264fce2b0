/** In charge of running pgBackRest as the servers' user, and of understanding how it ended. */
import { Writable } from "node:stream";
import { posternError } from "../base/error.ts";
import { runProgram } from "./run-program.ts";
import type { Reach, Sandbox } from "./sandbox/sandbox.ts";
import type { ServerAccount } from "./server-account.ts";
import type { Toolchain } from "./toolchain.ts";

export interface PgbackrestCall {
  toolchain: Toolchain;
  account: ServerAccount;
  configFile: string;
  stanza: string;
  command:
    | "stanza-create"
    | "stanza-upgrade"
    | "stanza-delete"
    | "stop"
    | "start"
    | "check"
    | "backup"
    | "restore"
    | "info"
    | "expire";
  options?: readonly string[];
  signal?: AbortSignal;
  /** How far it is, 0 to 100. */
  onPercent?: (percent: number) => void;
  /** Null: it may do what the servers' user may. */
  confinement: { sandbox: Sandbox; reach: Reach } | null;
}

export interface PgbackrestEnd {
  /** pgBackRest's own number of the error; 0: done. */
  code: number;
  stdout: string;
  /** What it says went wrong. */
  message: string;
}

/** Another pgBackRest works on the same archive. */
export const lockHeld = 50;

/** Resolves whatever its exit code. @throws Y6020 where there is no pgBackRest. */
export async function runPgbackrest(call: PgbackrestCall): Promise<PgbackrestEnd> {
  const { toolchain, account, onPercent } = call;
  if (toolchain.pgbackrest === null)
    throw posternError("Y6020", "Recovery to a point in time is not available here.", {
      detail: "This toolchain has no pgBackRest that knows its Postgres.",
      hint: "Postern's private toolchain has one: unset POSTERN_TOOLCHAIN.",
    });
  const args = [
    `--config=${call.configFile}`,
    `--stanza=${call.stanza}`,
    // Its details tell how far it is; everything else that it says goes to stderr.
    `--log-level-console=${onPercent ? "detail" : "off"}`,
    "--log-level-stderr=warn",
    "--log-timestamp=n",
    ...(call.options ?? []),
    call.command,
  ];
  const bare = [toolchain.pgbackrest.program, ...args];
  const { confinement } = call;
  const [program, ...rest] = confinement
    ? await confinement.sandbox.wrap(bare, confinement.reach, { endsWithDaemon: true })
    : bare;
  const end = await runProgram(program!, rest, {
    // A sandbox becomes the servers' user by itself.
    account: confinement ? { ...account, separate: false } : account,
    signal: call.signal,
    ...(onPercent ? { stdout: percentReader(onPercent) } : {}),
  });
  const message = end.stderr.trim() || (end.signal === null ? "" : `It was ended by ${end.signal}.`);
  return { code: end.exitCode, stdout: end.stdout, message: message.split("\n").slice(-12).join("\n") };
}

/** Lines such as `restore file /…/1259 (104KB, 37.22%) checksum …`. */
function percentReader(onPercent: (percent: number) => void): Writable {
  let rest = "";
  return new Writable({
    decodeStrings: false,
    defaultEncoding: "utf8",
    write(chunk: Buffer | string, _encoding, done) {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const percent = /[(,] ?(\d+(?:\.\d+)?)%\)/.exec(line)?.[1];
        if (percent !== undefined) onPercent(Number(percent));
      }
      done();
    },
  });
}
