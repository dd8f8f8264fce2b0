/** In charge of the words for where a database runs, and what keeps it from its neighbours. */
import type { DaemonStatus, DatabaseInfo } from "@postern/sdk/protocol";
import { bytes } from "./format.ts";

const places: Record<DatabaseInfo["isolation"], string> = {
  shared: "a shared server",
  process: "a server of its own",
  microvm: "a virtual machine of its own",
  external: "a registered instance",
};

export const placeOf = ({ isolation, external_instance: instance }: DatabaseInfo): string =>
  instance?.name ?? places[isolation];

/** Undefined where nothing is known of it: its server does not run here. */
export function sandboxOf({ isolation, sandbox }: DatabaseInfo): string | undefined {
  if (isolation === "microvm") return "with a kernel and a disk of its own";
  if (!sandbox) return undefined;
  return sandbox.files === "own"
    ? `in a sandbox, ${bytes(sandbox.process_memory_bytes)} for a process`
    : "without a sandbox";
}

/** Of servers that are started now. */
export function describeSandbox({ sandbox }: DaemonStatus): string {
  if (sandbox.available) return "each server in its own";
  return sandbox.mode === "off" ? "off" : "none";
}

export const whySandboxed = ({ sandbox }: DaemonStatus): string | null =>
  sandbox.mode === "off" ? "as it is configured" : sandbox.reason;

export const sleeps = ({ isolation }: DatabaseInfo): boolean =>
  isolation === "process" || isolation === "microvm";

export function whyAwake(database: DatabaseInfo): string {
  const { name, external_instance: instance } = database;
  if (instance)
    return `${name} is on ${instance.name}, a server that Postern does not run and so cannot put to sleep.`;
  return `${name} shares its server with others and cannot sleep. From db.p2 on it has one of its own.`;
}
