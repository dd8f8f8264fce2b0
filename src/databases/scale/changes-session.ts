/** In charge of one session of a new server at the old one: which words pass, and as whom they are said there. */
import { createConnection, type Socket } from "node:net";
import { adminRole, backupRole } from "../../instances/database-address.ts";

export interface ChangesSource {
  socket: string;
  database: string;
  /** The one slot that may be read. */
  slot: string;
}

const mostBytes = 1024 ** 2;
const sslRequest = 80_877_103;
const gssRequest = 80_877_104;

/** Reads everything of this database, and is no superuser. */
const readerRole = backupRole;
/** As Postgres itself asks for at the other end of a subscription. */
const options = "-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c search_path=";

const code = { query: 0x51, end: 0x58, copyData: 0x64, copyDone: 0x63, copyFail: 0x66, ready: 0x5a };

/** @param onRefusal told of what it asked for that is no part of its move */
export function admitFollower(
  client: Socket,
  source: ChangesSource,
  onRefusal: (error: Error) => void,
): void {
  const session = new ChangesSession(client, source, onRefusal);
  client.on("data", (chunk: Buffer) => session.take(chunk)).on("error", () => {});
  client.once("close", () => session.end());
}

class ChangesSession {
  readonly #client: Socket;
  readonly #source: ChangesSource;
  readonly #fail: (error: Error) => void;
  #rest = Buffer.alloc(0);
  #isOpen = false;
  #upstream: Socket | undefined;
  #isFollowing = false;

  constructor(client: Socket, source: ChangesSource, onRefusal: (error: Error) => void) {
    this.#client = client;
    this.#source = source;
    this.#fail = onRefusal;
  }

  end(): void {
    this.#upstream?.destroy();
  }

  take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = this.#isOpen ? 1 : 0;
      if (this.#rest.length < head + 4) return;
      const length = head + this.#rest.readUInt32BE(head);
      if (length < head + 4 || length > mostBytes) {
        this.#refuse("a message of that length");
        return;
      }
      if (this.#rest.length < length) return;
      const message = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      if (this.#isOpen) this.#say(message);
      else this.#greet(message);
      if (this.#client.destroyed) return;
    }
  }

  /** Whoever comes is the new server; what it calls itself does not matter. */
  #greet(message: Buffer): void {
    const request = message.length >= 8 ? message.readUInt32BE(4) : 0;
    if (request === sslRequest || request === gssRequest) {
      this.#client.write("N");
      return;
    }
    if (request >> 16 !== 3) {
      this.#refuse("its greeting");
      return;
    }
    this.#isOpen = true;
    const upstream = this.#connect(readerRole, {});
    upstream.pipe(this.#client);
  }

  #say(message: Buffer): void {
    const type = message[0]!;
    if (type === code.end) {
      this.#client.destroy();
      return;
    }
    const text = type === code.query ? message.toString("utf8", 5, message.length - 1).trim() : undefined;
    if (text !== undefined && !this.#isFollowing && isFollowing(text, this.#source.slot)) {
      this.#follow(message);
      return;
    }
    if (this.#mayPass(type, text)) this.#upstream!.write(message);
    else this.#refuse(text?.slice(0, 60) ?? `a message of type ${type}`);
  }

  #mayPass(type: number, text: string | undefined): boolean {
    if (text === undefined)
      return this.#isFollowing && [code.copyData, code.copyDone, code.copyFail].includes(type);
    return this.#isFollowing ? isFollowing(text, this.#source.slot) : isReading(text);
  }

  /** The rest of the session is of a role that may read the slot, and does nothing but that. */
  #follow(message: Buffer): void {
    this.#isFollowing = true;
    const reader = this.#upstream!;
    reader.unpipe(this.#client).removeAllListeners("close").destroy();
    const upstream = this.#connect(adminRole, { replication: "database" });
    let greeting = Buffer.alloc(0);
    const swallow = (chunk: Buffer) => {
      greeting = Buffer.concat([greeting, chunk]);
      const end = endOfGreeting(greeting);
      // A server that takes no session now is asked again by the other.
      if (end === "refused") this.#client.destroy();
      if (end !== "ended") return;
      upstream.off("data", swallow);
      upstream.write(message);
      upstream.pipe(this.#client);
    };
    upstream.on("data", swallow);
  }

  #connect(user: string, extra: Record<string, string>): Socket {
    const { socket, database } = this.#source;
    const upstream = createConnection(socket);
    this.#upstream = upstream;
    upstream.on("error", () => {});
    upstream.once("close", () => this.#client.destroy());
    upstream.write(
      startup({
        user,
        database,
        client_encoding: "UTF8",
        application_name: this.#source.slot,
        options,
        ...extra,
      }),
    );
    return upstream;
  }

  #refuse(what: string): void {
    this.#fail(new Error(`A new server asked for what is no part of its move: ${what}`));
    this.#client.destroy();
  }
}

/** The two commands of a subscription that reads its slot. */
export function isFollowing(text: string, slot: string): boolean {
  if (/^IDENTIFY_SYSTEM;?$/.test(text)) return true;
  return text.startsWith(`START_REPLICATION SLOT "${slot}" LOGICAL `) && !text.includes(";");
}

/**
 * What a subscription asks before: which tables are published. The reader could also look at what other databases of the
 * server are asked just now; that is none of it.
 */
export const isReading = (text: string): boolean =>
  /^SELECT\s[^;]*;?$/i.test(text) && !/pg_stat|pg_monitor|_to_xml|\|\||chr\s*\(|format\s*\(/i.test(text);

function startup(parameters: Record<string, string>): Buffer {
  const text = Object.entries(parameters)
    .map(([name, value]) => `${name}\0${value}\0`)
    .join("");
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.writeUInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}

/** Up to the first ReadyForQuery, behind which nothing comes unasked. */
function endOfGreeting(bytes: Buffer): "ended" | "refused" | undefined {
  let at = 0;
  while (bytes.length >= at + 5) {
    const length = 1 + bytes.readUInt32BE(at + 1);
    if (bytes[at] === 0x45) return "refused";
    if (bytes.length < at + length) return undefined;
    if (bytes[at] === code.ready) return "ended";
    at += length;
  }
  return undefined;
}
