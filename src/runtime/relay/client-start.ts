/** In charge of the first message of whoever comes to the relay: what session is wanted, or which one is to be canceled. */
import type { Socket } from "node:net";

const protocol3 = 196_608;
const cancelCode = 80_877_102;
/** Requests for encryption, which a unix socket has no need of. */
const encryptionCodes = new Set([80_877_103, 80_877_104]);
const mostBytes = 16_384;
const startWithinMs = 15_000;

export type ClientStart =
  | { type: "session"; parameters: Record<string, string> }
  | { type: "cancel"; message: Buffer };

/** Undefined: it went away, or said what no client says. Bytes that came after the message are put back. */
export async function readClientStart(client: Socket): Promise<ClientStart | undefined> {
  const timer = setTimeout(() => client.destroy(), startWithinMs);
  try {
    for (;;) {
      const message = await readMessage(client);
      if (!message) return undefined;
      const code = message.readInt32BE(4);
      if (encryptionCodes.has(code)) client.write("N");
      else if (code === cancelCode) return { type: "cancel", message };
      else if (code >> 16 === protocol3 >> 16)
        return { type: "session", parameters: parseParameters(message) };
      else return undefined;
    }
  } finally {
    clearTimeout(timer);
  }
}

async function readMessage(client: Socket): Promise<Buffer | undefined> {
  const length = (await readBytes(client, 4))?.readInt32BE(0);
  if (length === undefined || length < 8 || length > mostBytes) return undefined;
  const rest = await readBytes(client, length - 4);
  if (!rest) return undefined;
  const head = Buffer.alloc(4);
  head.writeInt32BE(length);
  return Buffer.concat([head, rest]);
}

async function readBytes(client: Socket, count: number): Promise<Buffer | undefined> {
  for (;;) {
    if (client.destroyed || client.readableEnded) return undefined;
    const bytes = client.read(count) as Buffer | null;
    // A stream that ends gives what is left, however little.
    if (bytes !== null) return bytes.length === count ? bytes : undefined;
    await isReadable(client);
  }
}

function isReadable(client: Socket): Promise<void> {
  return new Promise((resolve) => {
    const events = ["readable", "end", "close"] as const;
    const onAny = () => {
      for (const event of events) client.removeListener(event, onAny);
      resolve();
    };
    for (const event of events) client.on(event, onAny);
  });
}

function parseParameters(message: Buffer): Record<string, string> {
  const parts = message.toString("utf8", 8).split("\0");
  const parameters: Record<string, string> = {};
  for (let index = 0; index + 1 < parts.length && parts[index] !== ""; index += 2)
    parameters[parts[index]!] = parts[index + 1]!;
  return parameters;
}
