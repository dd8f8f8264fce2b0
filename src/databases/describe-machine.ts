/** In charge of what can be said of the machine of a database that has one of its own. */
import { messageOf } from "../base/error.ts";
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
  if (entry?.status === "failed") return entry.detail ?? undefined;
  if (entry?.status === "starting") return "its machine is starting";
  const spec = serverSpec(platform.config.home, instance.id, instance.tcp_port, instance.class);
  const told = await platform.runtime.tend?.(spec).catch(messageOf);
  return told ?? problem;
}
