/**
 * In charge of a client's first words at a gateway's port for Postgres sessions: encryption where it is asked for, then the
 * session that is wanted or the one that is to be canceled.
 */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import {
  type Message,
  ProtocolViolation,
  readUntypedMessage,
  StreamEnded,
} from "../../../tunnel/read-message.ts";
import { refuseEncryption, requestCode } from "../../../tunnel/tunnel-messages.ts";

export type SessionStart =
  | {
      kind: "session";
      client: Socket;
      isEncrypted: boolean;
      packet: Buffer;
      parameters: Record<string, string>;
    }
  | { kind: "cancel"; client: Socket; packet: Buffer };

/** Postgres's own limit. */
const packetLimit = 10_000;
/** A client asks for TLS, perhaps for GSSAPI as well, and goes on without. */
const mostEncryptionRequests = 2;
const tlsRecord = 0x16;
const protocolName = "postgresql";
const acceptEncryption = Buffer.from("S");

/** @param secure undefined: there is no certificate. @throws ProtocolViolation StreamEnded */
export async function greetSession(socket: Socket, secure: SecureContext | undefined): Promise<SessionStart> {
  let client = socket;
  if (secure && (await beginsWithTls(socket))) {
    const encrypted = await encrypt(socket, secure);
    // Without the name what comes could be meant for another protocol's server.
    if (encrypted.alpnProtocol !== protocolName) throw new ProtocolViolation("TLS without ALPN.");
    client = encrypted;
  }
  for (let asked = 0; asked <= mostEncryptionRequests; asked += 1) {
    const message = await readUntypedMessage(client, packetLimit);
    const code = message.body.length < 4 ? 0 : message.body.readUInt32BE(0);
    if (code === requestCode.cancel) return { kind: "cancel", client, packet: message.bytes };
    if (code === requestCode.ssl && secure && client === socket) {
      client = await acceptTls(socket, secure);
    } else if (code === requestCode.ssl || code === requestCode.gssEncryption) {
      client.write(refuseEncryption);
    } else if (code >> 16 === 3) {
      return startOf(client, message, client !== socket);
    } else break;
  }
  throw new ProtocolViolation("A start-up packet of Postgres's protocol 3 was expected.");
}

const startOf = (client: Socket, { bytes, body }: Message, isEncrypted: boolean): SessionStart => ({
  kind: "session",
  client,
  isEncrypted,
  packet: bytes,
  parameters: parseParameters(body),
});

function parseParameters(body: Buffer): Record<string, string> {
  const parts = body.toString("utf8", 4).split("\0");
  const parameters: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < parts.length && parts[at] !== ""; at += 2)
    parameters[parts[at]!] = parts[at + 1]!;
  return parameters;
}

/** Clients that are told to do not ask first. */
async function beginsWithTls(socket: Socket): Promise<boolean> {
  for (;;) {
    const first = socket.read(1) as Buffer | null;
    if (first) {
      socket.unshift(first);
      return first[0] === tlsRecord;
    }
    if (socket.destroyed || socket.readableEnded) throw new StreamEnded();
    await new Promise<void>((resolve) => {
      const events = ["readable", "end", "close"] as const;
      const onAny = () => {
        for (const event of events) socket.removeListener(event, onAny);
        resolve();
      };
      for (const event of events) socket.on(event, onAny);
    });
  }
}

function acceptTls(socket: Socket, secure: SecureContext): Promise<TLSSocket> {
  // What was sent before the handshake was readable, and changeable, on the way.
  if (socket.readableLength > 0) throw new ProtocolViolation("Something came before the TLS handshake.");
  socket.write(acceptEncryption);
  return encrypt(socket, secure);
}

function encrypt(socket: Socket, secureContext: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const client = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [protocolName] });
    const fail = () => reject(new StreamEnded());
    client.on("error", () => client.destroy());
    client.once("close", fail);
    socket.once("close", fail);
    client.once("secure", () => {
      client.off("close", fail);
      socket.off("close", fail);
      resolve(client);
    });
  });
}
