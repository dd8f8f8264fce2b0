/** In charge of saying where direct connections go. */
import type { DaemonStatus } from "@postern/sdk/protocol";

/** Beside others a daemon has no servers of its own. */
export const describeDirect = ({ control_planes: planes, direct_address: address }: DaemonStatus): string =>
  planes.length > 0 ? "to the registered instances themselves" : address;
