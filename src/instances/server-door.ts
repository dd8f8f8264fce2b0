/** In charge of the door of an instance: where the gate stands in front of it, and where it leads. */
import { isLoopback, localAddress } from "../base/listen.ts";
import type { DoorPlan } from "../runtime/gate/gate-messages.ts";
import { listenAddresses } from "../runtime/server-settings.ts";
import type { InstanceRow } from "../state/instances.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";
import type { SuperviseOptions } from "./server-supervisor.ts";

type Place = Pick<Platform, "config">;

export function serverDoor({ config }: Place, instance: InstanceRow, held: boolean): DoorPlan {
  const { front_port: port } = instance;
  return {
    name: instance.id,
    directory: serverLayout(config.home, instance.id).socketDirectory,
    tcp: port === null ? null : { addresses: addressesOf(config.listen), port },
    upstream: { host: localAddress(config.listen), port: instance.tcp_port },
    class: instance.class,
    held,
  };
}

/** As the servers themselves listen. */
const addressesOf = (listen: string): string[] =>
  isLoopback(listen) ? [listen] : listen === "::" ? ["::"] : listenAddresses(listen).split(",");

/** The gate runs as soon as there is a door that it must hold. @throws Y4013 */
export async function ensureGate(
  { supervisor, gate }: Pick<Platform, "supervisor" | "gate">,
  options: SuperviseOptions = {},
): Promise<void> {
  if (supervisor.list().some(({ name }) => name === gateName)) return;
  const supervised = { name: gateName, start: () => gate.start(), findPid: () => gate.findPid() };
  await supervisor.supervise(supervised, options);
}

const gateName = "gate";
