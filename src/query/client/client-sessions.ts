/**
 * In charge of sessions that clients share: for statements that provably leave nothing behind and see nothing of others.
 * Each request is a transaction of its own there, which begins with who the client is.
 */
import type { VerifiedClaims } from "../../access/principal.ts";
import { execute, sync, writeBind, writeParse } from "../../postgres/wire/frontend-messages.ts";
import { MessageWriter } from "../../postgres/wire/message-writer.ts";
import type { ServerError } from "../../postgres/wire/server-error.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import type { WritePrelude } from "../shared/shared-request.ts";
import {
  attachCall,
  attachStatement,
  type RequestMark,
  type Signer,
  writePreparedAttach,
} from "./sign-identity.ts";

const becomeStatement = "_become";

/**
 * Sessions of anonymous clients are `anon` from their first moment: nothing that runs in them can change that. Being read
 * only is the default of every transaction.
 */
export const anonymousSettings = { role: "anon", default_transaction_read_only: "on" };

/** Prepares what each request of a signed-in client begins with. @throws ServerError */
export const prepareIdentity = (connection: WireConnection): Promise<WireConnection> =>
  prepareStatements(connection, {
    [attachStatement]: attachCall,
    [becomeStatement]: "set local role authenticated",
  });

/** Texts by name. @throws ServerError */
export async function prepareStatements(
  connection: WireConnection,
  statements: Record<string, string>,
): Promise<WireConnection> {
  const out = new MessageWriter();
  for (const [name, text] of Object.entries(statements)) writeParse(out, text, name);
  out.bytes(sync);
  await new Promise<void>((resolve, reject) => {
    let failure: ServerError | undefined;
    connection.send(out.take(), {
      byteLimit: 1024 * 1024,
      onError: (error) => {
        failure = error;
      },
      onReady: () => (failure ? reject(failure) : resolve()),
      onClose: reject,
    });
  }).catch((error: Error) => {
    connection.destroy(error);
    throw error;
  });
  return connection;
}

/** What the request of a client with a token begins with. Both last until its transaction ends. */
export const identityOf =
  (signer: Signer, claims: VerifiedClaims, mark?: RequestMark): WritePrelude =>
  (out, connection) => {
    writePreparedAttach(out, signer, connection, claims, mark);
    writeBind(out, [], becomeStatement);
    out.bytes(execute);
    return 2;
  };
