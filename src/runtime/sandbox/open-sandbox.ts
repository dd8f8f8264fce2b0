/** In charge of whether servers are sandboxed here: which bubblewrap there is, and whether it does what it has to. */
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../../base/config.ts";
import { messageOf, posternError } from "../../base/error.ts";
import { ownPath } from "../own-path.ts";
import { runProgram } from "../run-program.ts";
import type { ServerAccount } from "../server-account.ts";
import { postgresProgram, type Toolchain } from "../toolchain.ts";
import type { BuildReport } from "../unpack-packages.ts";
import { ControlGroups } from "./control-groups.ts";
import { findBubblewrap } from "./find-bubblewrap.ts";
import { Sandbox } from "./sandbox.ts";

export interface SandboxState {
  /** Null: servers are plain processes. */
  sandbox: Sandbox | null;
  /** Why there is none; null where there is. */
  reason: string | null;
}

export interface OpenSandboxOptions {
  config: Pick<Config, "sandbox" | "toolchain" | "toolchainDirectory" | "home" | "pointInTime">;
  account: ServerAccount;
  toolchain: Toolchain;
  report?: BuildReport;
}

/** A machine that is busy takes its time; one that cannot do it says so at once. */
const probePatienceMs = 10_000;

/** @throws Y4030 where it has to be and cannot. */
export async function openSandbox(options: OpenSandboxOptions): Promise<SandboxState> {
  const { config } = options;
  if (config.sandbox === "off") return { sandbox: null, reason: "POSTERN_SANDBOX is off" };
  try {
    return { sandbox: await probe(options), reason: null };
  } catch (error) {
    if (config.sandbox === "auto") return { sandbox: null, reason: messageOf(error) };
    throw posternError("Y4030", "The servers cannot be sandboxed here, and POSTERN_SANDBOX is on.", {
      detail: messageOf(error),
      hint: "Install bubblewrap and let it make namespaces (in a container: --cap-add SYS_ADMIN), or set POSTERN_SANDBOX=auto.",
      cause: error,
    });
  }
}

/** Before anything is fetched: many containers allow none. */
async function requireNamespaces(account: ServerAccount): Promise<void> {
  const kinds = ["--mount", "--pid", "--ipc", ...(account.separate ? [] : ["--user", "--map-root-user"])];
  const end = await runProgram("/usr/bin/unshare", [...kinds, "--fork", "/bin/true"], {
    account: { ...account, separate: false },
    signal: AbortSignal.timeout(probePatienceMs),
  });
  if (end.exitCode !== 0)
    throw new Error(
      `this machine lets us make no namespaces: ${end.stderr.trim() || `code ${end.exitCode}`}`,
    );
}

/** Runs this toolchain's Postgres with the very arguments that servers get. */
async function probe({ config, account, toolchain, report }: OpenSandboxOptions): Promise<Sandbox> {
  await requireNamespaces(account);
  const program = await findBubblewrap(config, report);
  const sandbox = new Sandbox({
    program,
    account,
    home: config.home,
    toolchainDirectory: config.toolchainDirectory,
    archiveDirectory: config.pointInTime.directory,
    programFolders: programFolders(toolchain),
    groups: await ControlGroups.open(config.home),
  });
  const folder = join(config.home, "run", `.sandbox-${process.pid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await ownPath(folder, account);
  try {
    const look = `set -e; ${quote(postgresProgram(toolchain, "postgres"))} --version; touch ${quote(folder)}/made /tmp/made /dev/shm/made; test $$ -lt 20; test ! -e ${quote(config.home)}/secrets`;
    const [command, ...args] = await sandbox.wrap(["/bin/sh", "-c", look], { writes: [folder], reads: [] });
    const end = await runProgram(command!, args, {
      // It becomes the servers' user by itself.
      account: { ...account, separate: false },
      signal: AbortSignal.timeout(probePatienceMs),
    });
    if (end.exitCode === 0 && end.stdout.includes("PostgreSQL")) return sandbox;
    throw new Error(
      end.stderr.trim().split("\n").slice(-3).join(" ") || `bubblewrap ended with ${end.exitCode}`,
    );
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
    throw new Error(`bubblewrap did not answer within ${probePatienceMs / 1000} s`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Those outside /usr are let in as they are. */
function programFolders({ directory, postgresBin, pgbackrest }: Toolchain): string[] {
  if (directory !== "system") return [];
  const programs = [dirname(postgresBin), ...(pgbackrest === null ? [] : [dirname(pgbackrest.program)])];
  return programs.filter((folder) => !folder.startsWith("/usr/") && folder !== "/bin" && folder !== "/usr");
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
