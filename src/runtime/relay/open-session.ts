/**
 * In charge of a session on a registered server: dialed, logged in, and seen to be on a server that writes. What the
 * server says of the session is handed on as it came.
 */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { createScramClient } from "../../postgres/scram.ts";
import { encodeStartup } from "../../postgres/wire/frontend-messages.ts";
import { parseServerError, type ServerError } from "../../postgres/wire/server-error.ts";
import { DialFailure, dialServer } from "./dial-server.ts";
import type { RelayHost, RelayTls } from "./relay-plan.ts";

export interface SessionWish {
  hosts: readonly RelayHost[];
  tls: RelayTls | null;
  user: string;
  /** The first that the server takes counts. */
  passwords: readonly string[];
  parameters: Readonly<Record<string, string>>;
}

export interface OpenedSession {
  socket: Socket;
  host: RelayHost;
  /** From AuthenticationOk to ReadyForQuery, and what came behind it. */
  greeting: Buffer;
  /** The server has asked for the password. */
  isProven: boolean;
  /** For whoever cancels. */
  processId: number;
  secret: string;
  /** What the server reported, such as `server_version`. */
  reported: Record<string, string>;
}

/** A server that takes no writes now: a standby, or a cluster in the middle of a change of its leader. */
export class ReadOnlyServer extends Error {
  constructor(host: string) {
    super(`${host} takes no writes: it is a standby, or its cluster changes its leader`);
    this.name = "ReadOnlyServer";
  }
}

/**
 * A server says something as soon as it has accepted a session; a load balancer in front of it may hold one that it has lost
 * (seen with HAProxy, whose server was marked down between two attempts) and never say so.
 */
const firstWordWithinMs = 3_000;
const loginWithinMs = 10_000;

/** A server that lets in whoever comes from here, without a password. */
export class TrustingServer extends Error {
  constructor(host: string) {
    super(`${host} asks for no password`);
    this.name = "TrustingServer";
  }
}

export interface SessionDemands {
  writable: boolean;
  /** The session is for whoever knows the password: that the server trusts this machine's address does not count for them. */
  password?: boolean;
}

/** Of several hosts the first that takes writes. @throws DialFailure, ReadOnlyServer, TrustingServer, ServerError */
export async function openSession(
  wish: SessionWish,
  asks: SessionDemands = { writable: true },
): Promise<OpenedSession> {
  const failures: unknown[] = [];
  for (const host of wish.hosts) {
    try {
      return await openAt(host, wish, asks);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures.find((error) => !(error instanceof DialFailure)) ?? failures[0];
}

async function openAt(
  host: RelayHost,
  wish: SessionWish,
  { writable, password }: SessionDemands,
): Promise<OpenedSession> {
  for (let attempt = 0; ; attempt += 1) {
    const socket = await dialServer(host, wish.tls);
    let timer = setTimeout(() => socket.destroy(), firstWordWithinMs);
    socket.once("data", () => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), loginWithinMs);
    });
    try {
      const opened = await logIn(socket, wish, wish.passwords[attempt] ?? "");
      if (password && !opened.isProven) throw new TrustingServer(host.host);
      if (!writable || opened.reported.in_hot_standby !== "on") return { ...opened, socket, host };
      throw new ReadOnlyServer(host.host);
    } catch (error) {
      socket.destroy();
      const isRefused = (error as ServerError).code === "28P01";
      if (!isRefused || attempt + 1 >= wish.passwords.length) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Message {
  type: string;
  bytes: Buffer;
}

async function logIn(
  socket: Socket,
  wish: SessionWish,
  password: string,
): Promise<Omit<OpenedSession, "socket" | "host">> {
  socket.write(encodeStartup({ user: wish.user, ...wish.parameters }));
  const messages = new Messages(socket);
  try {
    const isProven = await authenticate(socket, messages, wish, password);
    const reported: Record<string, string> = {};
    const greeting: Buffer[] = [authenticationOk];
    let [processId, secret] = [0, ""];
    for (;;) {
      const { type, bytes } = await messages.next();
      if (type === "E") throw parseServerError(bytes, 5, bytes.length);
      greeting.push(bytes);
      if (type === "S") {
        const [name, value] = bytes.toString("utf8", 5).split("\0");
        reported[name!] = value!;
      }
      if (type === "K") {
        processId = bytes.readInt32BE(5);
        secret = bytes.toString("hex", 9);
      }
      if (type === "Z")
        return {
          isProven,
          reported,
          processId,
          secret,
          greeting: Buffer.concat([...greeting, messages.rest()]),
        };
    }
  } finally {
    messages.stop();
  }
}

const authenticationOk = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);

/** Was the password asked for? */
async function authenticate(
  socket: Socket,
  messages: Messages,
  { user, tls }: SessionWish,
  password: string,
): Promise<boolean> {
  const scram = createScramClient(password);
  let isAsked = false;
  for (;;) {
    const { type, bytes } = await messages.next();
    if (type === "E") throw parseServerError(bytes, 5, bytes.length);
    if (type === "N" || type === "v") continue;
    if (type !== "R") throw new DialFailure("unreachable", "what answers is no Postgres server");
    const text = () => bytes.toString("utf8", 9);
    switch (bytes.readInt32BE(5)) {
      case 0:
        return isAsked;
      case 3:
        if (!tls)
          throw new DialFailure("no-tls", "the server wants the password in the clear, without encryption");
        socket.write(passwordMessage(`${password}\0`));
        isAsked = true;
        break;
      case 5:
        socket.write(passwordMessage(`${md5Answer(user, password, bytes.subarray(9, 13))}\0`));
        isAsked = true;
        break;
      case 10:
        if (!text().split("\0").includes("SCRAM-SHA-256"))
          throw new DialFailure("unreachable", "the server offers no way to log in that Postern knows");
        socket.write(initialAnswer(scram.first));
        break;
      case 11:
        socket.write(passwordMessage(await scram.answer(text())));
        break;
      case 12:
        if (!scram.isProof(text()))
          throw new DialFailure("untrusted", "the server does not know the password itself");
        isAsked = true;
        break;
      default:
        throw new DialFailure(
          "unreachable",
          "the server asks for a way to log in that Postern does not know",
        );
    }
  }
}

function md5Answer(user: string, password: string, salt: Buffer): string {
  const md5 = (...parts: (string | Buffer)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash("md5")).digest("hex");
  return `md5${md5(md5(password, user), salt)}`;
}

function passwordMessage(content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  const head = Buffer.alloc(5);
  head.write("p");
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

function initialAnswer(first: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(Buffer.byteLength(first));
  return passwordMessage(Buffer.concat([Buffer.from("SCRAM-SHA-256\0"), length, Buffer.from(first)]));
}

/** Of a server nobody knows yet: what it may say before the session stands is little. */
const mostBytes = 1024 * 1024;

/** The messages of a server, one by one, each with its header. */
class Messages {
  readonly #socket: Socket;
  #held = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #isOver = false;
  readonly #onData = (bytes: Buffer) => {
    this.#held = Buffer.concat([this.#held, bytes]);
    this.#wake?.();
  };
  readonly #onEnd = () => {
    this.#isOver = true;
    this.#wake?.();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", this.#onData).on("end", this.#onEnd).on("close", this.#onEnd);
  }

  async next(): Promise<Message> {
    for (;;) {
      const size = this.#held.length < 5 ? 5 : this.#held.readUInt32BE(1) + 1;
      if (size > mostBytes || size < 5)
        throw new DialFailure("unreachable", "what answers is no Postgres server");
      if (this.#held.length >= size && this.#held.length >= 5) {
        const bytes = this.#held.subarray(0, size);
        this.#held = this.#held.subarray(size);
        return { type: String.fromCharCode(bytes[0]!), bytes };
      }
      if (this.#isOver) throw new DialFailure("unreachable", "the server closed the connection");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  rest(): Buffer {
    return this.#held;
  }

  stop(): void {
    this.#socket.pause();
    this.#socket.removeListener("data", this.#onData);
    this.#socket.removeListener("end", this.#onEnd);
    this.#socket.removeListener("close", this.#onEnd);
  }
}
