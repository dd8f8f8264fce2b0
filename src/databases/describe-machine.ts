/** In charge of what can be said of the machine of a database that has one of its own. */
import { asPosternError, messageOf } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { serverSpec } from "../instances/server-spec.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";

/** What its machine itself says is wrong, or why there is none. */
export async function describeMachine(
  platform: Platform,
  row: DatabaseRow,
  problem: string | undefined,
): Promise<string | undefined> {
  const instance = await findInstance(platform.state, row.instance_id!);
  if (!instance) return undefined;
  const entry = platform.supervisor.list().find(({ name }) => name === instance.id);
  // A start that is tried again has what the one before it failed with.
  if (entry?.failure !== undefined) return explain(entry.failure);
  if (entry?.status === "starting") return "its machine is starting";
  const spec = serverSpec(platform.config.home, instance.id, instance.tcp_port, instance.class);
  const told = await platform.runtime.tend?.(spec).catch(messageOf);
  return told ?? problem;
}

/** Room for the last lines of a guest's console. */
const mostDetail = 300;

function explain(failure: unknown): string {
  const { code, message, detail, hint } = asPosternError(failure);
  const last = detail?.trim().slice(-mostDetail);
  return [`${message} (${code}${last ? `: ${last}` : ""})`, hint].filter((part) => part).join(" ");
}
