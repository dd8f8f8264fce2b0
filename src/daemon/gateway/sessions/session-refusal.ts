/** In charge of what a client hears when its session cannot be opened, in the words and codes that Postgres has for it. */

import { ServerError } from "../../../postgres/wire/server-error.ts";
import { DialFailure } from "../../../runtime/relay/dial-server.ts";
import { ReadOnlyServer, TrustingServer } from "../../../runtime/relay/open-session.ts";
import { ProtocolViolation } from "../../../tunnel/read-message.ts";
import { encodeFatal } from "../../../tunnel/tunnel-messages.ts";

export class SessionRefusal extends Error {
  /** SQLSTATE. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "SessionRefusal";
    this.code = code;
  }
}

/** Clients and poolers take this code for "not now", and come again. */
export const notNow = (message: string): SessionRefusal => new SessionRefusal("57P03", message);

/** Says nothing of where servers are, nor of what only the operator can mend. */
export function renderRefusal(error: unknown): Buffer {
  if (error instanceof SessionRefusal || error instanceof ServerError)
    return encodeFatal(error.code, error.message);
  if (error instanceof ProtocolViolation) return encodeFatal("08P01", error.message);
  if (error instanceof ReadOnlyServer)
    return encodeFatal("57P03", "The database's server takes no writes now.");
  if (error instanceof TrustingServer)
    return encodeFatal(
      "28000",
      "The database's server asks gateways for no password: its operator has to change its pg_hba.conf.",
    );
  if (error instanceof DialFailure)
    return encodeFatal("57P03", "The database's server cannot be reached now.");
  return encodeFatal("XX000", "The session could not be opened.");
}
