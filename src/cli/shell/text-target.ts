/** In charge of where text goes, at the speed at which it can be taken: the screen, a pager, a file, a program. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { posternError } from "../../base/error.ts";
import { displayWidth } from "../table.ts";
import type { Terminal } from "./terminal.ts";

export interface TextTarget {
  /** "stop": nobody reads any more. */
  write(text: string): Promise<"stop" | undefined>;
  end(): Promise<void>;
  /** Is it where people look by default: may it have words beside the data? */
  readonly isScreen: boolean;
  /** What is written to a terminal is obeyed by it. */
  readonly isTerminal: boolean;
}

export function streamTarget(stream: Writable, { isScreen = false, ends = false } = {}): TextTarget {
  let isGone = false;
  stream.on("error", () => {
    isGone = true;
  });
  return {
    isScreen,
    isTerminal: isScreen && (stream as NodeJS.WriteStream).isTTY === true,
    async write(text) {
      if (isGone) return "stop";
      if (text !== "" && !stream.write(text))
        await Promise.race([once(stream, "drain"), once(stream, "close")]).catch(() => {});
      return isGone ? "stop" : undefined;
    },
    async end() {
      if (!ends || isGone) return;
      await new Promise<void>((resolve) => stream.end(() => resolve()));
    },
  };
}

/** `FILE`, or `|program`. @throws Y1013 */
export async function openTarget(where: string): Promise<TextTarget> {
  if (where.startsWith("|")) {
    const child = spawn(where.slice(1), { shell: true, stdio: ["pipe", "inherit", "inherit"] });
    return childTarget(child);
  }
  const stream = createWriteStream(where);
  await new Promise<void>((resolve, reject) => {
    stream.once("open", () => resolve());
    stream.once("error", (error) =>
      reject(posternError("Y1013", `${where} cannot be written.`, { detail: error.message })),
    );
  });
  return streamTarget(stream, { ends: true });
}

function childTarget(child: ChildProcess): TextTarget {
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const target = streamTarget(child.stdin!, { ends: true });
  return {
    isScreen: false,
    isTerminal: false,
    write: (text) => target.write(text),
    async end() {
      await target.end();
      await gone;
    },
  };
}

/** $PSQL_PAGER, $PAGER, else less, which leaves alone what fits the screen. */
export const pagerCommand = (environment: NodeJS.ProcessEnv): string =>
  environment.PSQL_PAGER ?? environment.PAGER ?? "less";

/** A signal then reaches the program itself, where it is one with plain arguments. */
const withoutShell = (command: string): string =>
  /^[\w./-]+( +[\w./=+-]+)*$/.test(command.trim()) ? `exec ${command}` : command;

const known = new Map<string, boolean>();

/** What is written to a program that is not there is lost. */
function exists(command: string): boolean {
  let found = known.get(command);
  if (found === undefined) {
    found =
      spawnSync("sh", ["-c", `command -v ${command.trim().split(/\s/)[0]}`], { stdio: "ignore" }).status ===
      0;
    known.set(command, found);
  }
  return found;
}

/** What fits the screen is written there; with the first line too many all goes to the pager. */
export class PagedTarget implements TextTarget {
  readonly isScreen = true;
  readonly isTerminal = true;
  readonly #terminal: Terminal;
  readonly #screen: TextTarget;
  #waiting = "";
  #lines = 0;
  #pager: TextTarget | undefined;
  #returned: Promise<void> | undefined;
  #isPlain: boolean;

  constructor(terminal: Terminal, screen: TextTarget, usesPager: boolean) {
    this.#terminal = terminal;
    this.#screen = screen;
    const command = pagerCommand(process.env);
    this.#isPlain = !usesPager || command === "" || command === "cat" || !exists(command);
  }

  async write(text: string): Promise<"stop" | undefined> {
    if (this.#isPlain) return this.#screen.write(text);
    if (this.#pager) return this.#pager.write(text);
    this.#waiting += text;
    const { columns, rows } = this.#terminal.size();
    for (const line of text.split("\n")) this.#lines += Math.max(1, Math.ceil(displayWidth(line) / columns));
    if (this.#lines <= rows) return undefined;
    const waiting = this.#waiting;
    this.#waiting = "";
    return (await this.#openPager()).write(waiting);
  }

  async end(): Promise<void> {
    if (this.#waiting !== "") await this.#screen.write(this.#waiting);
    await this.#pager?.end();
    await this.#returned;
  }

  async #openPager(): Promise<TextTarget> {
    const environment = process.env.LESS === undefined ? { ...process.env, LESS: "-SRXF" } : process.env;
    const child = spawn(withoutShell(pagerCommand(process.env)), {
      shell: true,
      stdio: ["pipe", "inherit", "inherit"],
      env: environment,
    });
    const pager = childTarget(child);
    this.#pager = pager;
    // Alone on the terminal it would fight with whoever has it next.
    const stop = () => child.kill();
    process.on("exit", stop);
    child.once("close", () => process.off("exit", stop));
    this.#returned = this.#terminal.lend(
      () =>
        new Promise<void>((resolve) => {
          child.once("close", () => resolve());
          child.once("error", () => resolve());
        }),
    );
    return pager;
  }
}
