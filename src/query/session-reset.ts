/**
 * In charge of bringing a session back to its first state between requests: settings, temporary tables, prepared
 * statements, cursors, locks, roles and subscriptions. No later request can see anything of an earlier one.
 */
import type { Exchange, TransactionStatus } from "../postgres/wire/exchange.ts";
import { encodeSimpleQuery } from "../postgres/wire/frontend-messages.ts";
import type { ServerError } from "../postgres/wire/server-error.ts";
import type { Session, SessionPool } from "./session-pool.ts";

const resetCommand = encodeSimpleQuery("discard all");
const rollbackCommand = encodeSimpleQuery("rollback");

/** Listens to the answer to `resetCommand`; the session is free for others behind it, or ended. */
function sessionReset(pool: SessionPool, session: Session): Exchange {
  let failure: ServerError | undefined;
  return {
    byteLimit: 1024 * 1024,
    onError: (error) => {
      failure = error;
    },
    onReady: (status) => {
      if (failure || status !== "I")
        session.connection.destroy(failure ?? new Error("A transaction was left open."));
      else {
        session.used = false;
        pool.release(session);
      }
    },
    onClose: () => {},
  };
}

/** Sends the reset on its own, once it is known whether a transaction has to be rolled back first. */
export function sendReset(pool: SessionPool, session: Session, status: TransactionStatus): void {
  const reset = sessionReset(pool, session);
  if (status === "I") session.connection.send(resetCommand, reset);
  else session.connection.send(Buffer.concat([rollbackCommand, resetCommand]), ignored, reset);
}

/** In front of a batch that cannot carry the reset itself; a failure ends the session, and the batch with it. */
export function resetFirst(session: Session): { bytes: Buffer; listener: Exchange } {
  session.used = false;
  const listener: Exchange = { ...ignored, onError: (error) => session.connection.destroy(error) };
  return { bytes: resetCommand, listener };
}

/** When the rollback fails, so does the reset behind it, which ends the session. */
const ignored: Exchange = {
  byteLimit: 1024 * 1024,
  onError: () => {},
  onReady: () => {},
  onClose: () => {},
};
