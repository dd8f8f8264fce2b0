/** In charge of `postern admin gateway list`. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context) => {
  const { output } = context;
  const gateways = await (await context.account()).listGateways();
  await output.print(gateways, () =>
    renderColumns([
      ["NAME", "STATUS", "ADDRESS", "VERSION", "TOKEN", "STARTED", "LAST SEEN"],
      ...gateways.map((gateway) => [
        gateway.name,
        output.paint[gateway.status === "connected" ? "green" : "yellow"](gateway.status),
        gateway.address,
        gateway.version,
        gateway.token,
        formatTime(gateway.started_at),
        formatTime(gateway.last_seen_at),
      ]),
    ]),
  );
  if (gateways.length === 0)
    output.talk("There is none: `postern admin gateway token create NAME` makes a token for the first.");
  return undefined;
};
