/** In charge of a real terminal for a test: a tmux server of its own, whose keys are typed and whose screen is read. */
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { waitUntil } from "./wait-until.ts";

const run = promisify(execFile);

export const hasTmux = (() => {
  try {
    execFileSync("tmux", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

export interface TmuxTerminal {
  /** Keys by tmux's names: `Enter`, `C-c`, `Up`; anything else is typed. */
  keys(...keys: string[]): Promise<void>;
  type(text: string): Promise<void>;
  /** As a terminal pastes: between the marks of bracketed paste where the program asked for them. */
  paste(text: string): Promise<void>;
  screen(): Promise<string>;
  /** Resolves with the screen as soon as it shows this. */
  shows(wanted: string | RegExp): Promise<string>;
  resize(columns: number, rows: number): Promise<void>;
  /** Pid of what was started. */
  pid(): Promise<number>;
  /** What the terminal is set to, as `stty -a` says it. */
  settings(): Promise<string>;
  close(): Promise<void>;
}

export async function openTerminal(
  command: readonly string[],
  { environment = {}, columns = 80, rows = 24, cwd = "/" }: TerminalOptions = {},
): Promise<TmuxTerminal> {
  const socket = `postern-test-${randomBytes(6).toString("hex")}`;
  const tmux = async (...args: string[]) =>
    (await run("tmux", ["-L", socket, "-f", "/dev/null", ...args])).stdout;
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const variables = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  // The shell around it stays, so that what the program leaves behind can be seen.
  await tmux(
    ...["new-session", "-d", "-x", String(columns), "-y", String(rows), "-c", cwd, ...variables],
    `${quoted}; echo "ended with $?"; stty -a; exec cat`,
  );
  const screen = () => tmux("capture-pane", "-p");
  return {
    async keys(...keys) {
      await tmux("send-keys", ...keys);
    },
    async type(text) {
      // A semicolon at the end is otherwise tmux's own.
      await tmux("send-keys", "-l", text.replace(/;$/, "\\;"));
    },
    async paste(text) {
      await tmux("set-buffer", text);
      await tmux("paste-buffer", "-p");
    },
    screen,
    async shows(wanted) {
      let last = "";
      const fits = () => (typeof wanted === "string" ? last.includes(wanted) : wanted.test(last));
      const look = async () => {
        last = await screen();
        return fits();
      };
      await waitUntil("the screen shows it", look).catch(() => {
        throw new Error(`The screen never showed ${String(wanted)}:\n${last}`);
      });
      return last;
    },
    async resize(width, height) {
      await tmux("resize-window", "-x", String(width), "-y", String(height));
    },
    pid: async () => Number(await tmux("display-message", "-p", "#{pane_pid}")),
    async settings() {
      const tty = (await tmux("display-message", "-p", "#{pane_tty}")).trim();
      return (await run("stty", ["-a", "-F", tty])).stdout;
    },
    async close() {
      await tmux("kill-server").catch(() => {});
    },
  };
}

interface TerminalOptions {
  environment?: Record<string, string>;
  columns?: number;
  rows?: number;
  cwd?: string;
}
