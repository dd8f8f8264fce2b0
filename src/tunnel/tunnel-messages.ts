/** In charge of the messages that the tunnel itself says, to the client in the server's place and the other way round. */
import { MessageWriter } from "../postgres/wire/message-writer.ts";

export const messageType = {
  authentication: 0x52, // R
  backendKeyData: 0x4b, // K
  errorResponse: 0x45, // E
  negotiateVersion: 0x76, // v
  password: 0x70, // p
  readyForQuery: 0x5a, // Z
};

/** First number of a message without a type: what its sender wants. */
export const requestCode = { cancel: 80_877_102, ssl: 80_877_103, gssEncryption: 80_877_104 };

/** First number of a session's start: protocol 3.0. */
export const protocol3 = 3 << 16;

/** First number of an Authentication message. */
export const authentication = { ok: 0, cleartext: 3, sasl: 10, saslContinue: 11, saslFinal: 12 };

export const askForCleartext = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, authentication.cleartext]);
export const refuseEncryption = Buffer.from("N");

function encode(type: number, write: (out: MessageWriter) => void): Buffer {
  const out = new MessageWriter(256);
  out.begin(type);
  write(out);
  out.end();
  return out.take();
}

export const encodePassword = (password: string): Buffer =>
  encode(messageType.password, (out) => out.cString(password));

export const encodeSaslFirst = (text: string): Buffer =>
  encode(messageType.password, (out) => {
    out.cString("SCRAM-SHA-256");
    out.value(text);
  });

export const encodeSaslAnswer = (text: string): Buffer =>
  encode(messageType.password, (out) => out.bytes(Buffer.from(text)));

export const encodeFatal = (code: string, message: string): Buffer =>
  encode(messageType.errorResponse, (out) => {
    for (const field of ["SFATAL", "VFATAL", `C${code}`, `M${message}`, ""]) out.cString(field);
  });

/** To whoever came with a newer protocol 3, or with options of it: what is spoken is 3.0. @param options that are not known */
export const encodeNegotiation = (options: readonly string[]): Buffer =>
  encode(messageType.negotiateVersion, (out) => {
    out.int32(protocol3);
    out.int32(options.length);
    for (const option of options) out.cString(option);
  });

/** `key`: process id and secret, as BackendKeyData brought them. */
export function encodeCancel(key: Buffer): Buffer {
  const out = new MessageWriter(64);
  out.beginUntyped();
  out.int32(requestCode.cancel);
  out.bytes(key);
  out.end();
  return out.take();
}
