/**
 * In charge of one connection whose requests are all plain ones: their bytes are read and answered here, for half of what
 * Node's HTTP server takes. With the first request that is not plain, or has not come whole in one piece, the connection is
 * Node's for good, with every byte that nobody has answered.
 */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { DirectAnswer, type DirectOptions } from "../direct-answer.ts";
import { clientGoneStatus } from "../direct-response.ts";
import { type DirectHead, directRequest, readDirectHead } from "../read-direct-request.ts";
import { sendClientError } from "../send-error.ts";
import { LaneExchange } from "./lane-exchange.ts";
import { readPlainHead } from "./read-plain-head.ts";

/** The event of a server that tells of a `LaneExchange`, as `request` does of others. */
export const laneRequest = "laneRequest";

/** What lanes need of the server that they are in front of. */
export interface LaneServer {
  readonly listening: boolean;
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
  emit(event: typeof laneRequest, exchange: LaneExchange): boolean;
}

export interface LaneOwner {
  readonly server: LaneServer;
  readonly options: DirectOptions;
  /** Gives the connection to Node. */
  takeOver(lane: Lane, socket: Socket, unread: Buffer | undefined): void;
  onClose(lane: Lane): void;
}

interface KnownHead {
  bytes: Buffer;
  head: DirectHead;
}

const endOfHead = Buffer.from("\r\n\r\n");
const mostHeadBytes = 8 * 1024;
/** Clients send the same head again and again, but for the length of the body. */
const mostKnownHeads = 4;
/** Longer ones are read anew each time: connections are many. */
const mostKnownBytes = 1024;
const smallBytes = 16 * 1024;

export class Lane {
  readonly #socket: Socket;
  readonly #owner: LaneOwner;
  readonly #known: KnownHead[] = [];
  #exchange: LaneExchange | undefined;
  /** What came behind the request that is being answered. */
  #unread: Buffer | undefined;
  #hasServed = false;
  /** It is being asked whether the database is answered here. */
  #isPlacing = false;
  #onReaderTimeout: (() => void) | undefined;

  constructor(socket: Socket, owner: LaneOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("error", ignore);
    socket.on("timeout", this.#onTimeout);
    socket.setTimeout(owner.server.headersTimeout);
  }

  get peerAddress(): string {
    return this.#socket.remoteAddress ?? "";
  }

  get isIdle(): boolean {
    return this.#exchange === undefined && !this.#isPlacing;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Until the answer has left. */
  watchReader(ms: number, onTimeout: () => void): void {
    this.#onReaderTimeout = onTimeout;
    this.#socket.setTimeout(ms);
  }

  /** `headers`: names and values in turn. */
  answer(
    exchange: LaneExchange,
    status: number,
    headers: readonly string[],
    chunks: readonly Buffer[],
  ): void {
    const socket = this.#socket;
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${joinHeaders(headers)}${this.#standing()}\r\n`;
    const onSent = () => this.#onSent(exchange, status);
    if (chunks.length === 1 && chunks[0]!.length < smallBytes) {
      socket.write(head + chunks[0]!.toString("latin1"), "latin1");
      // Mostly the system has taken all of it by now.
      if (socket.writableLength === 0) onSent();
      else socket.write("", onSent);
      return;
    }
    socket.cork();
    socket.write(head, "latin1");
    for (const chunk of chunks) socket.write(chunk);
    socket.write("", onSent);
    socket.uncork();
  }

  /** What every answer says of the connection. */
  #standing(): string {
    const { listening, keepAliveTimeout } = this.#owner.server;
    const connection = listening
      ? `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1_000)}`
      : "Connection: close";
    return `Date: ${httpDate()}\r\n${connection}\r\n`;
  }

  #onData = (chunk: Buffer): void => {
    if (this.isIdle) this.#read(chunk);
    else {
      this.#unread = this.#unread ? Buffer.concat([this.#unread, chunk]) : chunk;
      this.#socket.pause();
    }
  };

  /** @param isPlaced it was asked where the database is, whatever came of it */
  #read(chunk: Buffer, isPlaced = false): void {
    const { server, options } = this.#owner;
    const known = server.listening ? this.#headOf(chunk) : undefined;
    const end = known ? known.bytes.length + known.head.length : Number.POSITIVE_INFINITY;
    if (known === undefined || chunk.length < end) {
      this.#leave(chunk);
      return;
    }
    const isHere = options.whereabouts?.isHere(known.head.databaseId) ?? true;
    if (isHere === false) {
      this.#leave(chunk);
      return;
    }
    if (isHere !== true && !isPlaced) {
      void this.#place(isHere, chunk);
      return;
    }
    if (chunk.length > end) this.#unread = chunk.subarray(end);
    if (!this.#hasServed) {
      this.#hasServed = true;
      this.#socket.setTimeout(server.keepAliveTimeout);
    }
    const exchange = new LaneExchange(this, chunk.subarray(known.bytes.length, end), options.hold);
    this.#exchange = exchange;
    server.emit(laneRequest, exchange);
    new DirectAnswer(exchange, directRequest(known.head), options).start();
  }

  /** Until it is known where the database is nothing is read. */
  async #place(asking: Promise<boolean>, chunk: Buffer): Promise<void> {
    this.#isPlacing = true;
    this.#socket.pause();
    await asking;
    this.#isPlacing = false;
    if (this.#socket.destroyed) return;
    const unread = this.#unread;
    this.#unread = undefined;
    this.#socket.resume();
    this.#read(unread ? Buffer.concat([chunk, unread]) : chunk, true);
  }

  #headOf(chunk: Buffer): KnownHead | undefined {
    for (const known of this.#known) {
      const { length } = known.bytes;
      if (chunk.length >= length && chunk.compare(known.bytes, 0, length, 0, length) === 0) return known;
    }
    const end = chunk.indexOf(endOfHead);
    if (end < 0 || end > mostHeadBytes) return undefined;
    const plain = readPlainHead(chunk.toString("latin1", 0, end));
    const head = plain && readDirectHead(plain, this.#owner.options);
    if (head === undefined || head.streams) return undefined;
    const known = { bytes: Buffer.from(chunk.subarray(0, end + endOfHead.length)), head };
    if (known.bytes.length <= mostKnownBytes) {
      if (this.#known.length === mostKnownHeads) this.#known.shift();
      this.#known.push(known);
    }
    return known;
  }

  #onSent(exchange: LaneExchange, status: number): void {
    // It was closed before the system had taken everything.
    if (this.#exchange !== exchange) return;
    const socket = this.#socket;
    this.#exchange = undefined;
    if (this.#onReaderTimeout) {
      this.#onReaderTimeout = undefined;
      socket.setTimeout(this.#owner.server.keepAliveTimeout);
    }
    exchange.end(status);
    if (!this.#owner.server.listening) socket.end();
    else if (this.#unread) {
      const unread = this.#unread;
      this.#unread = undefined;
      socket.resume();
      this.#read(unread);
    }
  }

  #leave(unread: Buffer | undefined): void {
    const socket = this.#socket;
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    socket.off("error", ignore);
    socket.off("timeout", this.#onTimeout);
    socket.setTimeout(0);
    this.#owner.takeOver(this, socket, unread);
  }

  /** Who sends nothing more does not wait for an answer either, as Node's server has it. */
  #onEnd = (): void => {
    if (this.isIdle) this.#socket.end();
    else this.#socket.destroy();
  };

  #onClose = (): void => {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.end(clientGoneStatus);
    this.#owner.onClose(this);
  };

  #onTimeout = (): void => {
    if (!this.isIdle) this.#onReaderTimeout?.();
    else if (this.#hasServed) this.#socket.destroy();
    else sendClientError(Object.assign(new Error(), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), this.#socket);
  };
}

/** The connection ends by itself, and whoever waits hears of that. */
function ignore(): void {}

function joinHeaders(headers: readonly string[]): string {
  let text = "";
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return text;
}

let date = "";
let dateSecond = 0;

function httpDate(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date().toUTCString();
  }
  return date;
}
