/** In charge of running one of Postgres's programs against an address, with its messages line by line. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PostgresPrograms } from "./postgres-programs.ts";

export interface ProgramRun {
  program: "pg_dump" | "pg_restore" | "psql";
  args: readonly string[];
  /** The database it works on; none for one that only reads a file. */
  url?: string | undefined;
  stdin?: Readable | undefined;
  stdout?: Writable | undefined;
  onLine?: ((line: string) => void) | undefined;
}

export interface ProgramEnd {
  code: number;
  /** Without a given stream. */
  stdout: string;
  /** The last lines of its messages. */
  words: string;
}

const running = new Set<ChildProcess>();

/** At once: the server undoes what was not committed. */
export function endPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Resolves whatever its exit code is; rejects when a stream fails, after the program is gone. */
export async function runPostgresProgram(
  programs: PostgresPrograms,
  { program, args, url, stdin, stdout, onLine }: ProgramRun,
): Promise<ProgramEnd> {
  const place = url === undefined ? { args: [], env: {} } : addressOf(url);
  const child = spawn(join(programs.bin, program), [...args, ...place.args], {
    stdio: [stdin ? "pipe" : "ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", LC_MESSAGES: "C", PSQLRC: "/dev/null", ...place.env },
  });
  running.add(child);
  const exit = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  }).finally(() => running.delete(child));
  const lines: string[] = [];
  createInterface({ input: child.stderr! }).on("line", (line) => {
    onLine?.(line);
    // What goes well is told of too, and would push the reasons out.
    if (!progressLine.test(line)) lines.push(line);
    if (lines.length > 40) lines.shift();
  });
  let text = "";
  if (!stdout) child.stdout!.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  try {
    await Promise.all([
      exit,
      stdout && pipeline(child.stdout!, stdout, { end: stdout !== process.stdout }),
      stdin && pipeline(stdin, child.stdin!).catch(ignoreBrokenPipe),
    ]);
  } catch (error) {
    child.kill("SIGKILL");
    await exit.catch(() => {});
    throw error;
  }
  return { code: await exit, stdout: text, words: lines.slice(-12).join("\n") };
}

const progressLine =
  /^pg_(?:dump|restore): (?:creating|processing|executing|connecting|launching|finished|dumping|reading|identifying|finding|saving|last built-in|flagging|entering|implied|skipping|enabling|disabling|dropping|restoring)/;

/** The password goes by the environment: a command line can be read by every user of the machine. */
export function addressOf(url: string): { args: string[]; env: NodeJS.ProcessEnv } {
  const address = new URL(url);
  const password = decodeURIComponent(address.password);
  address.password = "";
  const ca = process.env.POSTERN_CA_CERT;
  return {
    args: ["-d", address.href, "--no-password"],
    env: {
      ...(password === "" ? {} : { PGPASSWORD: password }),
      ...(ca && !process.env.PGSSLROOTCERT ? { PGSSLROOTCERT: ca } : {}),
      PGAPPNAME: "postern",
      PGCONNECT_TIMEOUT: process.env.PGCONNECT_TIMEOUT ?? "15",
      // Limits of a role are for its application; a copy takes as long as it takes.
      PGOPTIONS:
        "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off",
    },
  };
}

/** A program that ends early closes its input: its exit code tells more than the broken pipe. */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
}
