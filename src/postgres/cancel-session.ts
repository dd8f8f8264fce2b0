/** In charge of stopping the statement that a session of the driver runs, from outside of it. */
import { createConnection } from "node:net";
import type pg from "pg";
import { encodeCancelRequest } from "./wire/frontend-messages.ts";

const timeoutMs = 5_000;

/** Resolves when the server has taken the request, or cannot be reached any more. */
export function cancelSession(session: pg.ClientBase): Promise<void> {
  // The driver keeps the session's key to itself, and its own way of cancelling tells nobody when it is done.
  const { processID, secretKey, host, port } = session as unknown as {
    processID: number;
    secretKey: number;
    host: string;
    port: number;
  };
  return new Promise((resolve) => {
    const socket = createConnection(
      host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port },
    );
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.resume();
    socket.write(encodeCancelRequest(processID, secretKey));
  });
}
