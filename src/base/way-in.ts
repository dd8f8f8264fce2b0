/**
 * In charge of where whoever asks came in, when that is not at this control plane itself: URLs that are told then lead to the gateway
 * by which the question came. It goes with a request through everything that the request causes, as no operation's input does.
 */
import { AsyncLocalStorage } from "node:async_hooks";

interface Ports {
  http: number;
  pool: number;
  direct: number;
}

export interface WayIn {
  /** The name by which the caller reached it. */
  host: string;
  ports: Ports;
  /** HTTP, as the caller speaks it. */
  isHttps: boolean;
  /** Postgres sessions. */
  isEncrypted: boolean;
}

const current = new AsyncLocalStorage<WayIn>();

/** Runs what the request causes. */
export const comeIn = <Result>(way: WayIn, work: () => Result): Result => current.run(way, work);

/** How URLs lead to Postern for whoever asks now. */
export function wayIn({
  address,
  ports,
}: {
  address: { host: string; isEncrypted: boolean };
  ports: Ports;
}): WayIn {
  return current.getStore() ?? { ...address, ports, isHttps: address.isEncrypted };
}

/** Did they come by a gateway? */
export const isByGateway = (): boolean => current.getStore() !== undefined;
