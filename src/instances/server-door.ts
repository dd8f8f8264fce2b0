/** In charge of the door of an instance: where the gate stands in front of it, and where it leads. */
import { sleep } from "../base/clock.ts";
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

/** A gate that ended is there again by then. */
const gateWithinMs = 10_000;
const lookEveryMs = 10;

/** The gate runs as soon as there is a door that it must hold; several may want that at once. @throws Y4013 */
export function ensureGate(
  { supervisor, gate, instanceLock }: Pick<Platform, "supervisor" | "gate" | "instanceLock">,
  options: SuperviseOptions = {},
): Promise<void> {
  return instanceLock.run(gateName, async () => {
    if (!supervisor.list().some(({ name }) => name === gateName)) {
      const supervised = { name: gateName, start: () => gate.start(), findPid: () => gate.findPid() };
      await supervisor.supervise(supervised, options);
    }
    const deadline = performance.now() + (options.evenIfItFails ? 0 : gateWithinMs);
    while (!gate.isConnected && performance.now() < deadline) await sleep(lookEveryMs);
  });
}

const gateName = "gate";
