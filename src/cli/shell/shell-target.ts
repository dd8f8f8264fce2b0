/** In charge of what the shell connects to: which database, by which way, and what is told about it. */
import type { Duplex } from "node:stream";
import type { Control } from "@postern/sdk/control";
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { hasCode, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CliContext } from "../context.ts";
import { plural } from "../format.ts";
import { renderReport } from "../inspect/render-report.ts";
import { privateAuthority } from "../private-authority.ts";
import { startProgress } from "../progress.ts";
import { renderGrid } from "../table.ts";
import { type DatabaseTarget, requireTarget, type Target } from "../target.ts";
import { resolveApiAccess } from "../user-config.ts";
import { type Connector, directConnector, tunnelConnector } from "./connector.ts";
import type { ShellAbout, SlowOrder } from "./shell-about.ts";
import { ShellSession } from "./shell-session.ts";

export interface OpenedShell {
  session: ShellSession;
  about: ShellAbout;
  /** Name of the history's file. */
  key: string;
}

export interface SessionMode {
  readOnly: boolean;
  /** Begin read-only where the environment is protected. */
  guardsProtected: boolean;
}

/** `--read-only` cannot be taken back; a protected environment is read-only until `\write on`. */
export async function openShell(
  context: CliContext,
  input: CommandInput,
  mode: SessionMode,
): Promise<OpenedShell> {
  const target = await requireTarget(context, input, namedDatabase(input));
  if (target.kind === "database") return openDatabase(context, input, target, mode);
  const session = await ShellSession.open(directConnector(target.url), mode.readOnly);
  const { hostname, port } = hostOf(target.url);
  const host = port === "" ? hostname : `${hostname}:${port}`;
  const about = {
    label: `${host}/${session.database}`,
    database: session.database,
    host,
    version: await readVersion(session),
    tryAs: tryingAs(context, target),
    slow: tellingSlow(context, target),
  };
  return { session, about, key: `${host}_${session.database}_${session.user}` };
}

/** As an argument or as `-d`. @throws Y1013 for two of them */
export function namedDatabase(input: CommandInput): string | undefined {
  const [argument] = input.args;
  const option = input.text("database");
  if (argument !== undefined && option !== undefined && argument !== option)
    throw posternError("Y1013", "The database is named twice.", { hint: "Leave -d away." });
  return argument ?? option;
}

async function openDatabase(
  context: CliContext,
  input: CommandInput,
  target: DatabaseTarget,
  { readOnly, guardsProtected }: SessionMode,
): Promise<OpenedShell> {
  const control = await context.forDatabase(target);
  const info = await control.getDatabase(target.ref);
  await wake(context, control, info);
  const urls = await control.getDatabaseUrls(target.ref);
  const api = target.apiUrl ?? (await resolveApiAccess()).url;
  const tunnel = tunnelConnector(urls.pooled, () => openWebSocket(`${api}/v1/db/${info.id}/v2`));
  const protectedAs = guardsProtected && info.environment?.protected ? info.environment.name : undefined;
  const open = (connector: Connector) => ShellSession.open(connector, readOnly || protectedAs !== undefined);
  const session = await (input.flag("http")
    ? open(tunnel)
    : open(directConnector(urls.direct)).catch((error: unknown) => {
        // The server's port may be closed to this machine where Postern's is open.
        if (!hasCode(error, "Y4001")) throw error;
        context.output.talk("Postgres's port does not answer; going through Postern's own.");
        return open(tunnel);
      }));
  const about: ShellAbout = {
    label: info.id,
    database: info.database,
    host: info.host,
    version: info.version,
    // Asked for on the command line it is not taken back.
    protectedAs: readOnly ? undefined : protectedAs,
    tryAs: tryingAs(context, target),
    slow: tellingSlow(context, target),
  };
  return { session, about, key: info.id };
}

const tryingAs =
  (context: CliContext, target: Target) =>
  async (subject: string, sql: string): Promise<string> => {
    const { tryAs } = await import("../commands/db-rls-test.ts");
    const result = await tryAs(context, target, { sql, params: [], subject, claims: { sub: subject } });
    const names = result.columns?.map(({ name }) => name);
    if (!names) return `${plural(result.count, "row")} affected`;
    const rows = result.values;
    return `${renderGrid({ columns: names, rows })}\n\n(${plural(rows.length, "row")})`;
  };

const slowOrders = { total: "total_ms", mean: "mean_ms", calls: "calls" } as const;

/** As `postern db inspect slow` tells it. */
const tellingSlow =
  (context: CliContext, target: Target) =>
  async (order: SlowOrder): Promise<string> => {
    const { readStatements } = await import("../commands/db-inspect-statements.ts");
    const name = order === "calls" ? "calls" : "slow";
    const { report, shown, remark } = await readStatements(context, target, { name, limit: 200 });
    const key = slowOrders[order];
    const rows = [...shown].sort((one, other) => Number(other[key]) - Number(one[key])).slice(0, 20);
    return [rows.length === 0 ? [] : renderReport(report, rows), remark ?? []].flat().join("\n");
  };

/** Whoever connects wakes it; that it takes a moment is said. */
async function wake(context: CliContext, control: Control, info: DatabaseInfo): Promise<void> {
  if (info.status !== "paused") return;
  const startedAt = performance.now();
  const progress = startProgress(context.output);
  progress.update(`Waking ${info.name}`);
  try {
    await control.resumeDatabase(info.id);
  } finally {
    progress.end();
  }
  context.output.talk(
    `${info.name} slept; woken in ${((performance.now() - startedAt) / 1000).toFixed(1)}s.`,
  );
}

async function readVersion(session: ShellSession): Promise<string> {
  const [row] = await session.query("show server_version");
  return (row?.server_version ?? "").split(" ")[0]!;
}

function hostOf(url: string): { hostname: string; port: string } {
  try {
    const { hostname, port, searchParams } = new URL(url);
    return { hostname: searchParams.get("host") ?? decodeURIComponent(hostname), port };
  } catch {
    throw posternError("Y1013", "The address cannot be read.", {
      hint: "Write postgres://user:password@host:port/database.",
    });
  }
}

let webSockets: typeof import("ws") | undefined;

/** Loaded before it is needed: opening a stream cannot wait. */
export async function loadWebSockets(): Promise<void> {
  webSockets = await import("ws");
}

function openWebSocket(url: string): Duplex {
  const { WebSocket, createWebSocketStream } = webSockets!;
  const ca = url.startsWith("https:") ? privateAuthority() : undefined;
  const socket = new WebSocket(url.replace(/^http/, "ws"), ca && { ca });
  return createWebSocketStream(socket);
}
