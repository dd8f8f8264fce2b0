/** In charge of the signature by which a database believes who a client is; `auth.attach` checks it. */
import { createHmac } from "node:crypto";
import type { VerifiedClaims } from "../../access/principal.ts";
import { execute, writeBind, writeParse } from "../../postgres/wire/frontend-messages.ts";
import type { MessageWriter } from "../../postgres/wire/message-writer.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";

export interface Signer {
  /** Role that the session has logged in as. */
  login: string;
  macKey: Buffer;
}

/** Long enough to be used at once, too short to be kept. */
const validSeconds = 30;
/** Stands between the subject and the claims; neither can contain it. */
const separator = "\x1f";

/** Statement of a session that clients share; it is prepared once. */
export const attachStatement = "_attach";
export const attachCall = "select auth.attach($1, $2, $3)";

/** Bound to login role, session and time: what one session was told is worth nothing in another, or later. */
export function writeAttach(
  out: MessageWriter,
  signer: Signer,
  connection: Pick<WireConnection, "processId">,
  verified: VerifiedClaims,
): void {
  writeParse(out, attachCall);
  writeBind(out, sign(signer, connection, verified));
  out.bytes(execute);
}

/** The same where `attachCall` is prepared. */
export function writePreparedAttach(
  out: MessageWriter,
  signer: Signer,
  connection: Pick<WireConnection, "processId">,
  verified: VerifiedClaims,
): void {
  writeBind(out, sign(signer, connection, verified), attachStatement);
  out.bytes(execute);
}

/** The parameters of `attachCall`. */
function sign(
  { login, macKey }: Signer,
  { processId }: Pick<WireConnection, "processId">,
  { subject, json }: VerifiedClaims,
): [claims: string, expiry: string, mac: string] {
  // Whether the token has expired was decided when it was verified, with some patience for clocks.
  const expiry = String(Math.floor(Date.now() / 1000) + validSeconds);
  const claims = subject + separator + json;
  const mac = createHmac("sha256", macKey).update(`${login}|${processId}|${expiry}|${claims}`).digest("hex");
  return [claims, expiry, mac];
}
