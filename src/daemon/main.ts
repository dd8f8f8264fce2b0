/**
 * In charge of the daemon's own command line: `posternd start | sweep | issue-key | guest-image`. People use `postern` instead.
 */
import { readConfig } from "../base/config.ts";
import { asPosternError, messageOf } from "../base/error.ts";
import { exitCodeOf } from "../base/error-codes.ts";
import { startDaemon } from "./start-daemon.ts";
import { openStartEvents } from "./start-events.ts";

/**
 * `start` runs until SIGTERM or SIGINT; POSTERN_START_FD names a descriptor for start events, POSTERN_ISSUE_KEY=1 asks
 * for an API key. `sweep` stops servers that a daemon left behind, and prints how many. `issue-key` prints a new administrator's key: whoever
 * may read the home's sockets is the administrator. `guest-image` makes what microVMs run, or only looks at what there is.
 * Returns the exit code.
 */
export async function runDaemonCommand(
  command: string | undefined,
  args: readonly string[] = [],
): Promise<number> {
  switch (command) {
    case "start":
      return start();
    case "sweep":
      return attempt(sweep);
    case "issue-key":
      return attempt(issueKey);
    case "guest-image":
      return attempt(() => guestImage(args));
    default:
      process.stderr.write("usage: posternd start | sweep | issue-key | guest-image\n");
      return 2;
  }
}

async function start(): Promise<number> {
  const events = openStartEvents(process.env.POSTERN_START_FD);
  // The key is for whoever started the daemon and for no process that the daemon starts.
  const issueKey = process.env.POSTERN_ISSUE_KEY === "1";
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
  // A log that cannot be written to is no reason to fall over.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  process.on("unhandledRejection", surviveLostConnections);
  try {
    const daemon = await startDaemon({ events, issueKey });
    events.close();
    await stopAsked;
    await daemon.stop();
    return 0;
  } catch (thrown) {
    const error = asPosternError(thrown);
    events.tell({ type: "error", error: error.toBody() });
    events.close();
    process.stderr.write(`${JSON.stringify({ error: error.toBody() })}\n`);
    if (error.code === "Y9001") process.stderr.write(`${(thrown as Error).stack}\n`);
    return exitCodeOf(error.code);
  }
}

/**
 * The queue's library tells Postern's own database of a job's end and looks at no answer. When that server dies at this very
 * moment, the job is queued again at the next start; the daemon, on which everything else rests, goes on.
 */
function surviveLostConnections(error: unknown): void {
  if (!/graphile-worker/.test((error as Error | undefined)?.stack ?? "")) throw error;
  process.stderr.write(
    `${JSON.stringify({ fault: "the queue lost its connection", message: messageOf(error) })}\n`,
  );
}

async function sweep(): Promise<void> {
  const { sweepServers } = await import("./sweep-servers.ts");
  process.stdout.write(`${await sweepServers(readConfig())}\n`);
}

async function issueKey(): Promise<void> {
  const [{ issueAdminKey }, { State }, { stateConnection }] = await Promise.all([
    import("../access/accounts.ts"),
    import("../state/state.ts"),
    import("./own-tables.ts"),
  ]);
  const { host, user, database } = stateConnection(readConfig());
  const state = new State({ socketDirectory: host, user, database });
  try {
    process.stdout.write(`${await issueAdminKey({ state }, "posternd issue-key")}\n`);
  } finally {
    await state.close();
  }
}

async function guestImage(args: readonly string[]): Promise<void> {
  const { describeGuestImages, makeGuestImage } = await import("./guest-image.ts");
  const config = readConfig();
  const tell = (event: unknown) => process.stdout.write(`${JSON.stringify(event)}\n`);
  if (args.includes("--look")) return void tell({ type: "images", ...(await describeGuestImages(config)) });
  await makeGuestImage(config, { force: args.includes("--force"), tell });
}

async function attempt(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (thrown) {
    const error = asPosternError(thrown);
    process.stderr.write(`${JSON.stringify({ error: error.toBody() })}\n`);
    return exitCodeOf(error.code);
  }
}
