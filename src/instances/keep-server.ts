/**
 * In charge of an instance's server being kept up where its row says. A port that no URL names is the server's own affair:
 * when another program has it, the server takes another.
 */
import { hasCode } from "../base/error.ts";
import type { InstanceId } from "../base/id.ts";
import type { ServerSpec } from "../runtime/runtime.ts";
import { findInstance, type InstanceRow, updateInstance } from "../state/instances.ts";
import type { Platform } from "./platform.ts";
import { nextPort, takenPorts } from "./reserve-ports.ts";
import { serverDoor } from "./server-door.ts";
import type { SuperviseOptions } from "./server-supervisor.ts";

type Keeping = Pick<Platform, "config" | "ports" | "state" | "supervisor" | "gate" | "observe">;

/** @throws Y4002 Y4014 */
export function keepServer(
  platform: Keeping,
  spec: ServerSpec,
  options: SuperviseOptions = {},
): Promise<void> {
  const anotherPort = () => moveAside(platform, spec.name as InstanceId);
  return platform.supervisor.keepRunning(spec, { ...options, anotherPort });
}

/** Until it is made, and behind the gate, nobody knows where it listens. */
const isMovable = ({ status, front_port }: InstanceRow): boolean =>
  status === "creating" || front_port !== null;

async function moveAside(platform: Keeping, id: InstanceId): Promise<number | undefined> {
  for (;;) {
    const row = await findInstance(platform.state, id);
    if (!row || !isMovable(row)) return undefined;
    const port = await nextPort(platform, await takenPorts(platform));
    try {
      await updateInstance(platform.state, id, { tcp_port: port });
    } catch (error) {
      // Another that is made at this moment has taken it.
      if (hasCode(error, "23505")) continue;
      throw error;
    }
    platform.observe({
      type: "service",
      service: id,
      event: "moved",
      detail: `port ${row.tcp_port} is taken, ${port} it is`,
    });
    await leadTo(platform, { ...row, tcp_port: port });
    return port;
  }
}

/** A gate that does not answer is told again when it is back. */
async function leadTo(platform: Keeping, row: InstanceRow): Promise<void> {
  const door = platform.gate.door(row.id);
  if (!door) return;
  await platform.gate
    .serve(serverDoor(platform, row, door.held))
    .catch((error: unknown) => platform.observe({ type: "fault", where: `the gate of ${row.id}`, error }));
}
