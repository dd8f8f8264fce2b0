/** In charge of logging in at the pooler in the client's name, up to the first ReadyForQuery. */
import { createConnection, type Socket } from "node:net";
import { createScramClient, type ScramClient } from "../postgres/scram.ts";
import { parseServerError } from "../postgres/wire/server-error.ts";
import { type Message, ProtocolViolation, readMessage } from "./read-message.ts";
import {
  authentication,
  encodePassword,
  encodeSaslAnswer,
  encodeSaslFirst,
  messageType,
} from "./tunnel-messages.ts";

export interface PoolerAddress {
  host: string;
  port: number;
}

export interface Upstream {
  socket: Socket;
  /** What the client has not heard yet: from the successful login to ReadyForQuery. */
  welcome: Buffer;
  /** What cancels this session's statements; undefined if the server named none. */
  cancelKey: Buffer | undefined;
}

/** The pooler said no; its own words are for the client. */
export class UpstreamRefusal extends Error {
  readonly response: Buffer;
  /** It was user or password that the pooler did not like. */
  readonly isOfLogin: boolean;

  constructor(response: Buffer, isOfLogin: boolean) {
    super("The pooler refused the session.");
    this.response = response;
    this.isOfLogin = isOfLogin;
  }
}

/** Far above what servers say of themselves. */
const messageLimit = 64 * 1024;

/** @throws UpstreamRefusal ProtocolViolation StreamEnded, and Node's error when nobody listens */
export async function openUpstream(socket: Socket, startup: Buffer, password: string): Promise<Upstream> {
  socket.write(startup);
  const login = new Login(socket, password);
  const heard: Buffer[] = [];
  let cancelKey: Buffer | undefined;
  for (;;) {
    const message = await readMessage(socket, messageLimit);
    if (message.type === messageType.errorResponse)
      throw new UpstreamRefusal(Buffer.concat([...heard, message.bytes]), isLoginFailure(message));
    if (message.type === messageType.authentication && !(await login.hear(message))) continue;
    if (message.type === messageType.backendKeyData) cancelKey = message.body;
    heard.push(message.bytes);
    if (message.type !== messageType.readyForQuery) continue;
    if (!login.done) throw new ProtocolViolation("The pooler opened a session without a login.");
    return { socket, welcome: Buffer.concat(heard), cancelKey };
  }
}

function isLoginFailure({ body }: Message): boolean {
  const { message } = parseServerError(body, 0, body.length).fields;
  return message === "SASL authentication failed" || message === "no such user";
}

/** Resolves when connected. @throws Node's error */
export function connectTo({ host, port }: PoolerAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true });
    socket.once("connect", () => {
      socket.off("error", reject);
      // Whoever uses the socket learns of its end by "close"; an error between two uses must not go unheard.
      socket.on("error", () => {});
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

class Login {
  done = false;
  readonly #socket: Socket;
  readonly #password: string;
  #scram: ScramClient | undefined;
  #isProven = false;

  constructor(socket: Socket, password: string) {
    this.#socket = socket;
    this.#password = password;
  }

  /** Answers an Authentication message; true for the one that the client is to hear: it is logged in. */
  async hear({ body }: Message): Promise<boolean> {
    const request = body.length >= 4 ? body.readUInt32BE(0) : -1;
    const text = body.toString("utf8", 4);
    if (request === authentication.sasl && text.split("\0").includes("SCRAM-SHA-256")) {
      this.#scram = createScramClient(this.#password);
      this.#socket.write(encodeSaslFirst(this.#scram.first));
    } else if (request === authentication.saslContinue && this.#scram) {
      this.#socket.write(encodeSaslAnswer(await this.#scram.answer(text)));
    } else if (request === authentication.saslFinal && this.#scram?.isProof(text)) {
      this.#isProven = true;
    } else if (request === authentication.cleartext) {
      this.#socket.write(encodePassword(this.#password));
      this.#isProven = true;
    } else if (request === authentication.ok && this.#isProven) {
      this.done = true;
    } else {
      throw new ProtocolViolation(`The pooler asked for authentication ${request}.`);
    }
    return this.done;
  }
}
