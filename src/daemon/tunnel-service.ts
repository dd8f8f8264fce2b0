/** In charge of leading Postgres sessions that come over a WebSocket to the pooler. */
import { localAddress } from "../base/listen.ts";
import type { TunnelService } from "../http/services/query-services.ts";
import type { Platform } from "../instances/platform.ts";
import { runTunnel } from "../tunnel/run-tunnel.ts";

export function tunnelService({ config, ports }: Pick<Platform, "config" | "ports">): TunnelService {
  const pooler = { host: localAddress(config.listen), port: ports.pool };
  return { run: (client, onOpen) => runTunnel(client, { pooler }, onOpen) };
}
