/**
 * In charge of the client's first words. The Neon driver sends start-up packet, password and first query in one piece,
 * so it is always a cleartext password that is asked for: anything else would meet an answer that is already under way.
 */
import type { Duplex } from "node:stream";
import { type Message, ProtocolViolation, readMessage, readUntypedMessage } from "./read-message.ts";
import { askForCleartext, messageType, refuseEncryption, requestCode } from "./tunnel-messages.ts";

export type Greeting =
  | { kind: "session"; startup: Buffer; password: string }
  | { kind: "cancel"; request: Buffer };

/** Postgres's own limit of a start-up packet. */
const startupLimit = 10_000;
const passwordLimit = 10_000;
/** A client asks for TLS, perhaps for GSSAPI as well, and goes on without. */
const mostEncryptionRequests = 2;

/** @throws ProtocolViolation StreamEnded */
export async function greetClient(client: Duplex): Promise<Greeting> {
  const first = await readFirst(client);
  if (codeOf(first) === requestCode.cancel) return { kind: "cancel", request: first.bytes };
  if (codeOf(first) >> 16 !== 3)
    throw new ProtocolViolation("Only version 3 of Postgres's protocol is spoken.");
  client.write(askForCleartext);
  const { type, body } = await readMessage(client, passwordLimit);
  if (type !== messageType.password || body.at(-1) !== 0)
    throw new ProtocolViolation("A password was expected.");
  return { kind: "session", startup: first.bytes, password: body.toString("utf8", 0, body.length - 1) };
}

async function readFirst(client: Duplex): Promise<Message> {
  for (let refused = 0; refused <= mostEncryptionRequests; refused += 1) {
    const message = await readUntypedMessage(client, startupLimit);
    if (message.body.length < 4) break;
    const code = codeOf(message);
    if (code !== requestCode.ssl && code !== requestCode.gssEncryption) return message;
    client.write(refuseEncryption);
  }
  throw new ProtocolViolation("A start-up packet was expected.");
}

const codeOf = ({ body }: Message): number => body.readUInt32BE(0);
