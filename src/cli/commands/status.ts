/** In charge of `postern status`: what runs, and where. */
import type { DaemonStatus } from "@postern/sdk/protocol";
import { homeDirectory } from "../../base/directories.ts";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { findDaemon } from "../daemon-process.ts";
import { describeDirect } from "../describe-direct.ts";
import { describeListen } from "../describe-listen.ts";
import { formatBytes } from "../format.ts";
import { renderColumns, renderFields } from "../table.ts";
import { resolveApiAccess } from "../user-config.ts";

export const run: CommandRun = async (context) => {
  const { output } = context;
  const { url, apiKey } = await resolveApiAccess();
  if (!apiKey && !(await findDaemon(homeDirectory()))) {
    throw posternError("Y0005", `Postern does not run here, and nothing else is known at ${url}.`, {
      hint: "Run `postern up`.",
    });
  }
  const status = await (await context.account()).status();
  await output.print(status, () => {
    const { paint } = output;
    const dot = (isRunning: boolean) => (isRunning ? paint.green("•") : paint.red("•"));
    const fields = renderFields([
      ["Version", status.version],
      ["API", status.api_url],
      ["Pooled", status.pool_address],
      ["Direct", describeDirect(status)],
      ["Open to", describeListen(status)],
      ["Postgres", status.toolchain.postgres],
      ["PgBouncer", status.toolchain.pgbouncer],
      ["Sandbox", describeSandbox(status)],
      ["Workers", describeWorkers(status.workers)],
      ["Home", status.home],
      ["Disk", `${formatBytes(status.disk.free_bytes)} free of ${formatBytes(status.disk.total_bytes)}`],
      ["Databases", `${status.databases.ready} ready of ${status.databases.total}`],
    ]);
    const services = renderColumns(
      status.services.map(({ name, status: state, pid, detail }) => [
        `${dot(state === "running")} ${name}`,
        state,
        pid === null ? "" : `process ${pid}`,
        detail ?? "",
      ]),
    );
    const planes = renderColumns(
      status.control_planes.map(({ name, address, version, leads, is_this, status: state }) => [
        `${dot(state === "up")} ${name}`,
        state,
        address,
        version,
        [leads ? "leads" : "", is_this ? "this one" : ""].filter(Boolean).join(", "),
      ]),
    );
    return [
      `Postern is ${status.status} (process ${status.pid})`,
      fields,
      services,
      planes && `Control planes\n${planes}`,
    ]
      .filter(Boolean)
      .join("\n\n");
  });
  for (const warning of status.warnings) output.warn(warning);
  return status.status === "ready" ? 0 : 1;
};

const describeSandbox = ({ sandbox }: DaemonStatus): string => {
  if (sandbox.available) return "servers start in one each";
  return sandbox.mode === "off" ? "off (POSTERN_SANDBOX=auto switches it on)" : `none: ${sandbox.reason}`;
};

const describeWorkers = (count: number): string => {
  if (count === 0) return "none: the daemon answers SQL over HTTP itself";
  return count === 1 ? "1 process answers SQL over HTTP" : `${count} processes answer SQL over HTTP`;
};
