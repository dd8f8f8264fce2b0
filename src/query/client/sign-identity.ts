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
/** Stands between the fields, none of which can contain it. */
const separator = "\x1f";

/** What ties a session's transaction to a request, and its changes to the log. */
export interface RequestMark {
  requestId: string;
  /** Stands before what the log tells on its way; without one, only what is tracked by any way in is logged. */
  secret?: string;
}

/** Statement of a session that clients share; it is prepared once. */
export const attachStatement = "_attach";
export const attachCall = "select auth.attach($1, $2, $3)";
export const attachRequestCall = "select postern.attach_request($1, $2, $3)";

/** Bound to login role, session and time: what one session was told is worth nothing in another, or later. */
export function writeAttach(
  out: MessageWriter,
  signer: Signer,
  connection: Pick<WireConnection, "processId">,
  verified: VerifiedClaims,
  mark?: RequestMark,
): void {
  writeParse(out, attachCall);
  writeBind(out, sign(signer, connection, verified, mark));
  out.bytes(execute);
}

/** Ties the owner's session to a request, in the same manner. */
export function writeAttachRequest(
  out: MessageWriter,
  signer: Signer,
  connection: Pick<WireConnection, "processId">,
  mark: RequestMark,
): void {
  writeParse(out, attachRequestCall);
  writeBind(out, signText(signer, connection, fieldsOf(mark).join(separator), ["request"]));
  out.bytes(execute);
}

/** The same where `attachCall` is prepared. */
export function writePreparedAttach(
  out: MessageWriter,
  signer: Signer,
  connection: Pick<WireConnection, "processId">,
  verified: VerifiedClaims,
  mark?: RequestMark,
): void {
  writeBind(out, sign(signer, connection, verified, mark), attachStatement);
  out.bytes(execute);
}

/** The same where `attachRequestCall` is prepared. */
export function writePreparedAttachRequest(
  out: MessageWriter,
  signer: Signer,
  connection: Pick<WireConnection, "processId">,
  mark: RequestMark,
): void {
  writeBind(out, signText(signer, connection, fieldsOf(mark).join(separator), ["request"]), attachStatement);
  out.bytes(execute);
}

/** Keeps the places of what comes behind. */
const noRequest = ["", ""];

const fieldsOf = ({ requestId, secret = "" }: RequestMark) => [requestId, secret];

/** The parameters of `attachCall`. */
function sign(
  signer: Signer,
  connection: Pick<WireConnection, "processId">,
  { subject, json, tenant }: VerifiedClaims,
  mark?: RequestMark,
): Signature {
  const ofTenant = tenant ? [tenant.id, tenant.token] : [];
  const ofRequest = mark ? fieldsOf(mark) : tenant ? noRequest : [];
  return signText(signer, connection, [subject, json, ...ofRequest, ...ofTenant].join(separator));
}

type Signature = [text: string, expiry: string, mac: string];

function signText(
  { login, macKey }: Signer,
  { processId }: Pick<WireConnection, "processId">,
  text: string,
  purpose: readonly string[] = [],
): Signature {
  // Whether the token has expired was decided when it was verified, with some patience for clocks.
  const expiry = String(Math.floor(Date.now() / 1000) + validSeconds);
  const signed = [...purpose, login, processId, expiry, text].join("|");
  return [text, expiry, createHmac("sha256", macKey).update(signed).digest("hex")];
}
