/** In charge of where services listen: the port that stays the same for an environment, and that of one process. */
import { posternError } from "../base/error.ts";
import { canListen, lastingPort } from "../instances/free-port.ts";
import type { Platform } from "../instances/platform.ts";
import type { Service } from "../manifest/manifest.ts";
import type { EnvironmentKey } from "../state/releases.ts";
import { listServicePorts, saveServicePort } from "../state/service-processes.ts";

/** Services are this machine's own: what lets others in stands in front, with TLS. */
export const frontAddress = "127.0.0.1";

export type Listening =
  /** It listens where PORT says, behind a port that stays. */
  | { kind: "front"; port: number }
  /** Its manifest says PORT: two processes of it cannot be there at once. */
  | { kind: "own"; port: number }
  | { kind: "none" };

export async function listeningOf(
  platform: Pick<Platform, "state">,
  key: EnvironmentKey,
  service: Service,
  variables: Record<string, string>,
): Promise<Listening> {
  const own = variables.PORT;
  if (own !== undefined && own !== "") return { kind: "own", port: Number(own) };
  if (service.ports.length === 0) return { kind: "none" };
  return { kind: "front", port: await frontPort(platform, key, service) };
}

/** `8080:3000` is reached at 8080; of `3000` the environment gets a port that is free, and keeps it. @throws Y7057 */
async function frontPort(
  { state }: Pick<Platform, "state">,
  key: EnvironmentKey,
  service: Service,
): Promise<number> {
  const wanted = publishedPort(service.ports[0]!);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const all = await listServicePorts(state);
    const mine = all.find(
      (row) =>
        row.project_id === key.project_id &&
        row.environment === key.environment &&
        row.service === service.name,
    );
    if (mine && (wanted === undefined || mine.port === wanted)) return mine.port;
    const port = wanted ?? (await lastingPort(frontAddress));
    const isMine = await saveServicePort(state, { ...key, service: service.name, port });
    if (isMine) return port;
    if (wanted !== undefined) throw portTaken(service.name, wanted, "another service of Postern's has it");
  }
  throw portTaken(service.name, 0, "no port is free");
}

export const portTaken = (service: string, port: number, why: string) =>
  posternError("Y7057", `Service ${service} cannot be reached at port ${port}: ${why}.`, {
    hint: "Name another port under `ports`, or the inner one only: then Postern finds a free one.",
  });

/** The outer port of `[address:]outer:inner[/tcp]`; undefined where only the inner one is named. */
export function publishedPort(text: string): number | undefined {
  const parts = text.replace(/\/\w+$/, "").split(":");
  const outer = parts.length > 1 ? Number(parts.at(-2)) : Number.NaN;
  return Number.isInteger(outer) && outer > 0 ? outer : undefined;
}

/** For one process; PORT says it. */
export async function processPort(listening: Listening): Promise<number | null> {
  if (listening.kind === "none") return null;
  if (listening.kind === "own") return listening.port;
  return lastingPort("127.0.0.1");
}

export const isFree = (port: number): Promise<boolean> => canListen(port, frontAddress);
