/** In charge of leading Postgres sessions that come over a WebSocket to the pooler. */
import type { TunnelService } from "../http/services.ts";
import type { Platform } from "../instances/platform.ts";
import { runTunnel } from "../tunnel/run-tunnel.ts";

export function tunnelService({ config, ports }: Pick<Platform, "config" | "ports">): TunnelService {
  const everywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const pooler = { host: everywhere[config.listen] ?? config.listen, port: ports.pool };
  return { run: (client, onOpen) => runTunnel(client, { pooler }, onOpen) };
}
