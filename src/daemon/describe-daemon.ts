/** In charge of what the daemon says of itself. */
import type { DaemonStatus } from "@postern/sdk/protocol";
import type { Platform } from "../instances/platform.ts";
import { countDatabases } from "../state/databases.ts";

export interface DaemonFacts {
  version: string;
  startedAt: Date;
}

export async function describeDaemon(platform: Platform, facts: DaemonFacts): Promise<DaemonStatus> {
  const { config, ports, toolchain } = platform;
  const services = platform.supervisor
    .list()
    .map(({ name, status, pid, detail }) => ({ name, status, pid, detail }));
  const troubled = services.filter((service) => service.status !== "running");
  return {
    status: troubled.length === 0 ? "ready" : "degraded",
    version: facts.version,
    pid: process.pid,
    home: config.home,
    started_at: facts.startedAt.toISOString(),
    api_url: apiUrl(platform),
    pool_address: `${config.listen}:${ports.pool}`,
    direct_address: `${config.listen}:${ports.direct}`,
    toolchain: {
      directory: toolchain.directory,
      postgres: toolchain.postgresVersion,
      pgbouncer: toolchain.pgbouncerVersion,
    },
    services,
    databases: await countDatabases(platform.state),
    warnings: troubled.map(
      (service) =>
        `${service.name} is ${service.status}${service.detail === null ? "" : `: ${service.detail}`}`,
    ),
  };
}

export const apiUrl = ({ config, ports }: Pick<Platform, "config" | "ports">): string =>
  `http://${config.listen}:${ports.http}`;
