/** In charge of the Postgres in a guest that answers: set to what it is to be, begun, and waited for. */
import { join } from "node:path";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import type { GuestAgent, GuestState } from "./guest-agent.ts";
import { guestFiles } from "./guest-layout.ts";
import type { GuestLines } from "./guest-lines.ts";
import { type GuestKeys, guestRules, renderGuestSettings, sendSettings } from "./guest-settings.ts";
import { readText, writeOwned } from "./make-guest.ts";
import { fitOf } from "./suspended-memory.ts";

export interface BeginServerOptions {
  account: ServerAccount;
  countsStatements: boolean;
  /** Users come encrypted or not at all: other machines reach the ports. */
  isEncrypted: boolean;
}

/** Sends what it is to be set to, and waits until it takes clients. @throws Y8104 Y8105 */
export async function beginServer(
  spec: ServerSpec,
  { agent, state, lines }: { agent: GuestAgent; state: GuestState; lines: GuestLines },
  options: BeginServerOptions & { withinMs: number },
): Promise<void> {
  const sent = await setServer(spec, agent, state, options);
  if (state === "waiting") await agent.order("start");
  else if (sent) await agent.order("reload");
  if (state !== "ready") await lines.ready(spec, agent, options.withinMs);
}

/** False when that is what it has already. @throws Y8105 */
export async function setServer(
  spec: ServerSpec,
  agent: GuestAgent,
  state: GuestState,
  { account, countsStatements, isEncrypted }: BeginServerOptions,
): Promise<boolean> {
  const settings = renderGuestSettings(spec, { countsStatements });
  const sentFile = join(spec.dataDirectory, "sent.json");
  const rules = guestRules(isEncrypted, spec.closed);
  const keys = JSON.parse((await readText(guestFiles(spec).keys)) ?? "{}") as GuestKeys;
  const note = fitOf([settings, rules, JSON.stringify(keys)]);
  if (state !== "waiting" && (await readText(sentFile)) === note) return false;
  await sendSettings(agent, { settings, rules, keys });
  await writeOwned(sentFile, note, account);
  return true;
}
