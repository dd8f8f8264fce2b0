/** In charge of a machine beginning at the port that its URL names: one that another program has is waited for. */
import { sleep } from "../../base/clock.ts";
import { portTakenError } from "../port-taken.ts";
import { type LaunchOptions, launchMachine } from "./launch-machine.ts";

const portPatienceMs = 30_000;

/** Resolves with its pid. @throws Y4014 Y8104 */
export async function spawnAtPort(options: LaunchOptions): Promise<number> {
  const { spec } = options;
  const begun = performance.now();
  for (;;) {
    try {
      return await launchMachine(options);
    } catch (error) {
      const { detail = "" } = error as { detail?: string };
      if (!/Could not set up host forwarding/.test(detail)) throw error;
      if (performance.now() - begun > (spec.portPatienceMs ?? portPatienceMs))
        throw await portTakenError(spec.name, spec.tcpPort!, detail);
      await sleep(200);
    }
  }
}
