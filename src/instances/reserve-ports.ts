/** In charge of which ports instances get: those that no other has, and that nothing listens on at this moment. */
import { listInstances } from "../state/instances.ts";
import { freePort } from "./free-port.ts";
import type { Platform } from "./platform.ts";

/** Own instances count up from the shared one's port, leaving some for other uses. */
const firstPortOffset = 10;

/** One at 5432 would make its socket where the name for all servers' sockets is. */
export async function takenPorts({ state }: Pick<Platform, "state">): Promise<Set<number>> {
  const instances = await listInstances(state);
  return new Set([
    5432,
    ...instances.flatMap(({ tcp_port, front_port }) => [tcp_port, front_port ?? tcp_port]),
  ]);
}

export const nextPort = (
  { ports, config }: Pick<Platform, "ports" | "config">,
  taken: ReadonlySet<number>,
): Promise<number> => freePort(ports.direct + firstPortOffset, taken, config.listen);
