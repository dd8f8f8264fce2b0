/** In charge of naming what the daemon and the gate say to each other: one JSON object a line, over a unix socket. */

import type { DatabaseClass } from "@postern/sdk/protocol";
import type { RelayPlan } from "../relay/relay-plan.ts";

/** One server's door: where its clients come in, and where they are led. */
export interface DoorPlan {
  /** The instance's id. */
  name: string;
  /** Folder of the server's sockets; the door's own socket is there too. */
  directory: string;
  /** Where the gate listens for the server's direct URL; null: the server does that itself. */
  tcp: { addresses: string[]; port: number } | null;
  /** Where the server listens, and the number in the name of its socket. */
  upstream: { host: string; port: number };
  /** How the server is set up when it is woken; the gate does not care. */
  class: DatabaseClass | null;
  /** The server sleeps: whoever comes waits. */
  held: boolean;
}

/** The socket of a server in a guest: where it is, and where it leads. */
export interface BridgePlan {
  name: string;
  /** The unix socket that everything of Postern's comes by. */
  socket: string;
  host: string;
  port: number;
  /** File with what both sides show. */
  keys: string;
}

export type GateOrder =
  /** Makes the door, or changes it: held, clients wait from now on; not held, whoever waits is led in. */
  | { type: "serve"; plan: DoorPlan }
  /** It could not be woken: whoever waits is told so. The next one that comes is a new attempt. */
  | { type: "fail"; name: string; message: string }
  | { type: "drop"; name: string }
  /** Makes the way to a registered server, or changes it. */
  | { type: "relay"; plan: RelayPlan }
  /** With which passwords a role logs in there; null: it is gone. */
  | { type: "login"; name: string; role: string; passwords: string[] | null }
  /** Drops all doors, ways and bridges but these. */
  | { type: "keep"; names: string[] }
  /** Makes the socket of a guest, anew where it leads elsewhere now. */
  | { type: "bridge"; plan: BridgePlan }
  | { type: "unbridge"; name: string };

export type GateRequest = GateOrder & { id: number };

export type GateAnswer =
  | { type: "done"; id: number; error?: string }
  /** Somebody waits at a door that is held. */
  | { type: "wanted"; name: string };

/** Raised when the two could misunderstand each other: a gate of another number is started anew. */
export const gateProtocol = 4;

/** Name of a door's socket in the server's folder. */
export const doorSocket = ".gate";
export const controlSocket = "control";
