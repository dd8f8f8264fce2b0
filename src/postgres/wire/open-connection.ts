/** In charge of opening a session: start-up, authentication, the first ReadyForQuery. */
import { posternError } from "../../base/error.ts";
import type { ServerError } from "./server-error.ts";
import { type WireAddress, WireConnection } from "./wire-connection.ts";

export interface ConnectionOptions extends WireAddress {
  database: string;
  user: string;
  /** Settings of the session; `RESET ALL` and `DISCARD ALL` come back to them. */
  settings: Readonly<Record<string, string>>;
  timeoutMs: number;
}

/** @throws ServerError when Postgres refuses; Node's error of the socket; Y4001 when it does not answer in time. */
export function openConnection(options: ConnectionOptions): Promise<WireConnection> {
  return new Promise((resolve, reject) => {
    let refusal: ServerError | undefined;
    const parameters = { user: options.user, database: options.database, ...options.settings };
    const connection = new WireConnection(options, parameters, {
      byteLimit: 1024 * 1024,
      onError: (error) => {
        refusal = error;
      },
      onReady: () => {
        clearTimeout(timer);
        resolve(connection);
      },
      onClose: (error) => {
        clearTimeout(timer);
        reject(refusal ?? error);
      },
    });
    const timer = setTimeout(
      () => connection.destroy(posternError("Y4001", "Postgres did not open a session in time.")),
      options.timeoutMs,
    );
  });
}
