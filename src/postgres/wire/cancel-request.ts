/** In charge of asking Postgres to end what a session is doing, on a socket of its own. */
import { createConnection } from "node:net";
import { encodeCancelRequest } from "./frontend-messages.ts";
import { socketPath, type WireConnection } from "./wire-connection.ts";

const timeoutMs = 5_000;

/**
 * Resolves when the server has taken the request or cannot be reached any more: in both cases there is nothing left to
 * do. Whoever cancels must not use the session again, because the request may take effect at any later moment.
 */
export function cancelRequest(connection: WireConnection): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath(connection.address));
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    // The server answers by closing: reading finds that out.
    socket.resume();
    socket.write(encodeCancelRequest(connection.processId, connection.secretKey));
  });
}
