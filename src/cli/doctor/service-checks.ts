/** In charge of what a running Postern says of itself, and of whether its servers really answer. */
import { connect } from "node:net";
import type { DaemonStatus } from "@postern/sdk/protocol";
import type { Config } from "../../base/config.ts";
import { isLoopback, requireSafeListen } from "../../base/listen.ts";
import { readCertificate } from "../../base/read-certificate.ts";
import type { CliContext } from "../context.ts";
import { describeListen } from "../describe-listen.ts";
import { resolveApiAccess } from "../user-config.ts";
import { type Check, Trouble } from "./check.ts";

const certificateDays = 14;
const mostClockSeconds = 30;
const patienceMs = 3_000;

export function serviceChecks(config: Config, context: CliContext): Check[] {
  const read = async () => (await context.account()).status();
  // Why it does not answer is another check's to tell.
  const status = () =>
    read().catch(() => {
      throw new Trouble("not known while the API does not answer", { warning: true });
    });
  return [
    {
      name: "certificate",
      look: () => inspectCertificate(config),
      hint: "Renew it; the daemon reads the new one by itself.",
    },
    {
      name: "exposure",
      look: () => inspectExposure(config, read),
      hint: "Set POSTERN_TLS_CERT and POSTERN_TLS_KEY.",
    },
    {
      name: "sandbox",
      look: async () => inspectSandbox(await status()),
      hint: "Install bubblewrap and let it make namespaces, or set POSTERN_SANDBOX=off.",
    },
    {
      name: "clock",
      look: inspectClock,
      hint: "Tokens and schedules go by it.",
      command: "timedatectl set-ntp true",
    },
    {
      name: "backups",
      look: async () => inspectBackups(await status()),
      hint: "`postern db backup status` tells more.",
      command: "postern db backup create DATABASE",
    },
    {
      name: "archives",
      look: async () => inspectArchives(await status()),
      hint: "`postern db pitr show` tells more.",
    },
    {
      name: "control planes",
      look: async () => inspectControlPlanes(await status()),
      hint: "Each is started by `postern up` with the same POSTERN_STATE_URL.",
    },
    {
      name: "services",
      look: async () => inspectServices(await status()),
      hint: "`postern logs` tells more.",
      command: "postern down && postern up",
    },
  ];
}

async function inspectCertificate({ tls }: Config): Promise<string> {
  if (tls === null) return "none: nothing is encrypted";
  const { names, expiresAt } = await readCertificate(tls, new Date());
  const text = `${names.join(", ")}, until ${expiresAt.toISOString().slice(0, 10)}`;
  const days = Math.floor((expiresAt.getTime() - Date.now()) / 86_400_000);
  if (days >= certificateDays) return text;
  throw new Trouble(`${text}: ${days} days are left`);
}

/** As the daemon has it; as it is configured where none answers. */
async function inspectExposure(config: Config, read: () => Promise<DaemonStatus>): Promise<string> {
  const status = await read().catch(() => undefined);
  if (!status) {
    requireSafeListen(config);
    return isLoopback(config.listen) ? "this machine only" : `${config.listen}, once it runs`;
  }
  const text = describeListen(status);
  if (status.listen.exposed && status.listen.certificate === null) throw new Trouble(text);
  return text;
}

/** The server's clock, as its answers date themselves, beside this machine's. */
async function inspectClock(): Promise<string> {
  const { url } = await resolveApiAccess();
  const answer = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(patienceMs) }).catch(
    () => undefined,
  );
  const date = Date.parse(answer?.headers.get("date") ?? "");
  if (Number.isNaN(date)) return "the server tells none";
  const seconds = Math.round((date - Date.now()) / 1_000);
  if (Math.abs(seconds) <= mostClockSeconds) return "the server's and this machine's agree";
  throw new Trouble(
    `the server's is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} this machine's`,
  );
}

function inspectBackups({ warnings }: DaemonStatus): string {
  const troubles = warnings.filter((text) =>
    /^(A backup is missing|The last scheduled backup|A trial restore)/.test(text),
  );
  if (troubles.length === 0) return "none is missing";
  throw new Trouble(troubles.join(" "));
}

function inspectArchives({ toolchain, warnings }: DaemonStatus): string {
  if (toolchain.pgbackrest === null) return "none: this toolchain cannot recover to a point in time";
  const troubles = warnings.filter((text) => text.startsWith("The archive of "));
  if (troubles.length === 0) return `pgBackRest ${toolchain.pgbackrest}`;
  throw new Trouble(troubles.join("; "));
}

function inspectControlPlanes({ control_planes: planes }: DaemonStatus): string {
  if (planes.length === 0) return "one, with tables of its own";
  const missing = planes.filter(({ status }) => status !== "up");
  if (missing.length > 0)
    throw new Trouble(missing.map(({ name, status }) => `${name} is ${status}`).join("; "), {
      warning: true,
    });
  if (planes.length === 1)
    throw new Trouble("this is the only one: nothing takes over should it end", { warning: true });
  return planes.map(({ name, leads }) => (leads ? `${name} (leads)` : name)).join(", ");
}

/** A server that hangs still counts as running: it is asked. */
async function inspectServices({
  services,
  pool_address,
  direct_address,
  control_planes: planes,
}: DaemonStatus): Promise<string> {
  const troubled = services.filter(({ status }) => status !== "running");
  if (troubled.length > 0)
    throw new Trouble(
      troubled.map(({ name, status, detail }) => `${name} ${status} ${detail ?? ""}`.trim()).join("; "),
    );
  for (const [name, address] of [
    ["PgBouncer", pool_address],
    // Beside others it has no servers of its own.
    ...(planes.length > 0 ? [] : [["the shared instance", direct_address] as const]),
  ] as const)
    if (!(await answersPostgres(address))) throw new Trouble(`${name} at ${address} does not answer`);
  return `${services.length} running`;
}

/** Whether TLS is possible is what every Postgres tells before anything else. */
function answersPostgres(address: string): Promise<boolean> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(at + 1)) });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(patienceMs, () => end(false));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
    socket.once("data", () => end(true));
    const question = Buffer.alloc(8);
    question.writeInt32BE(8, 0);
    question.writeInt32BE(80_877_103, 4);
    socket.once("connect", () => socket.write(question));
  });
}

/** Where it is not asked for, nothing is wrong without one. */
function inspectSandbox({ sandbox }: DaemonStatus): string {
  if (sandbox.available) return "servers start in one each";
  if (sandbox.mode === "off") return "off";
  throw new Trouble(`none: ${sandbox.reason}`, { warning: true });
}
