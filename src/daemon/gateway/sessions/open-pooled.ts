/**
 * In charge of a session's way to the pooler of a control plane. The client logs in there and not here: what it says passes as it
 * is, and the gateway learns no password.
 */
import type { Socket } from "node:net";
import { messageOf } from "../../../base/error.ts";
import { dialServer } from "../../../runtime/relay/dial-server.ts";
import type { RelayTls } from "../../../runtime/relay/relay-plan.ts";
import type { ControlEndpoint } from "../control-endpoint.ts";
import type { ControlLink } from "../control-link.ts";
import type { SessionStart } from "./greet-session.ts";
import type { Onward } from "./led-session.ts";
import { notNow } from "./session-refusal.ts";

type Link = Pick<ControlLink, "endpoints" | "askAt">;

/** Encrypted as the control plane itself is, by the same authority. */
export const trustOf = ({ tls }: ControlEndpoint): RelayTls | null =>
  tls && { mode: "verify-full", ca: tls.ca === undefined ? null : tls.ca.join("\n") };

export class PooledSessions {
  readonly #link: Link;
  readonly #onFailure: (detail: string) => void;
  readonly #ports = new Map<ControlEndpoint, number>();

  /** @param onFailure a control plane's pooler could not be reached */
  constructor(link: Link, onFailure: (detail: string) => void) {
    this.#link = link;
    this.#onFailure = onFailure;
  }

  /** At the first control plane whose pooler takes it. @throws SessionRefusal */
  async open({ packet }: SessionStart): Promise<Onward> {
    for (const endpoint of this.#link.endpoints()) {
      try {
        const socket = await this.#dial(endpoint);
        socket.write(packet);
        return { socket, greeting: undefined, cancel: (request) => this.#cancel(endpoint, request) };
      } catch (error) {
        // It may have another one when it is back.
        this.#ports.delete(endpoint);
        this.#onFailure(`${endpoint.host}: ${messageOf(error)}`);
      }
    }
    throw notNow("The database's pooler cannot be reached now.");
  }

  async #dial(endpoint: ControlEndpoint): Promise<Socket> {
    const port = this.#ports.get(endpoint) ?? (await this.#link.askAt(endpoint, "poolPort", ""));
    const socket = await dialServer({ host: endpoint.host, port }, trustOf(endpoint));
    this.#ports.set(endpoint, port);
    return socket;
  }

  async #cancel(endpoint: ControlEndpoint, request: Buffer): Promise<void> {
    await sendCancel(await this.#dial(endpoint), request);
  }
}

const closeWithinMs = 5_000;

/** Resolves when the server has taken it: it answers by closing. */
export async function sendCancel(socket: Socket, request: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.setTimeout(closeWithinMs, () => socket.destroy());
    socket.resume();
    socket.end(request);
  });
}
