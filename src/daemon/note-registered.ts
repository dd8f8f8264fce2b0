/** In charge of the ways to registered servers when the daemon starts: noted before the gate is told anything. */
import type { Config } from "../base/config.ts";
import type { Secrets } from "../base/secrets.ts";
import { makeFolders } from "../instances/registered/register-instance.ts";
import { listRelayPlans } from "../instances/registered/relay-plan-of.ts";
import type { ServerAccount } from "../runtime/server-account.ts";
import { listRegistered } from "../state/registered-instances.ts";
import type { State } from "../state/state.ts";
import type { Servers } from "./start-servers.ts";

interface Place {
  config: Config;
  account: ServerAccount;
  secrets: Secrets;
}

export async function noteRegistered(
  place: Place,
  { gate }: Pick<Servers, "gate">,
  state: State,
): Promise<void> {
  for (const { id, version } of await listRegistered(state)) await makeFolders(place, id, version);
  const plans = await listRelayPlans(place, state);
  if (!gate.isConnected) for (const plan of plans) gate.noteRelay(plan);
  else for (const plan of plans) await gate.serveRelay(plan);
  if (gate.isConnected) await gate.settle();
}
