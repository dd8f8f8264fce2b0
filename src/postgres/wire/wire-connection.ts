/**
 * In charge of one connection to Postgres: bytes out, and each message of the answer to the exchange it belongs to.
 * Exchanges are answered in the order in which they were sent, one ReadyForQuery each.
 */
import { createConnection, type Socket } from "node:net";
import { posternError } from "../../base/error.ts";
import type { Exchange, TransactionStatus } from "./exchange.ts";
import { FrameReader } from "./frame-reader.ts";
import { encodeStartup, terminate } from "./frontend-messages.ts";
import { parseParameterTypes } from "./row-description.ts";
import { parseServerError } from "./server-error.ts";

export interface WireAddress {
  /** Folder of the unix socket. */
  host: string;
  port: number;
}

export const socketPath = (address: WireAddress): string => `${address.host}/.s.PGSQL.${address.port}`;

const dataRow = 0x44; // D

// Node reads and calls back before any other socket reads, so all connections of a thread can share one buffer.
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

export class WireConnection {
  readonly address: WireAddress;
  /** For CancelRequest; known once the session is open. */
  processId = 0;
  secretKey = 0;
  /** Called once, when the connection has ended for whatever reason. */
  onEnd: (() => void) | undefined;
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  readonly #exchanges: Exchange[] = [];
  #receivedBytes = 0;
  #ended = false;

  /** Opens the socket and asks for a session; `startup` hears how that went. */
  constructor(address: WireAddress, parameters: Readonly<Record<string, string>>, startup: Exchange) {
    this.address = address;
    this.#frames = new FrameReader((type, buffer, start, end) => this.#onFrame(type, buffer, start, end));
    this.#socket = createConnection({
      path: socketPath(address),
      onread: { buffer: readBuffer, callback: (length) => this.#onRead(length) },
    });
    this.#socket.on("error", (error) => this.destroy(error));
    this.#socket.on("close", () => this.destroy(new Error("The server closed the connection.")));
    this.send(encodeStartup(parameters), startup);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends the bytes of as many batches as there are exchanges, in one write; none: more of the batch under way. */
  send(bytes: Buffer, ...exchanges: Exchange[]): void {
    if (this.#ended) {
      for (const exchange of exchanges) exchange.onClose(new Error("The connection has ended."));
      return;
    }
    this.#exchanges.push(...exchanges);
    this.#socket.write(bytes);
  }

  /** Reads nothing more until `resume`, except what has been read already: Postgres waits when nobody takes its rows. */
  pause(): void {
    if (!this.#ended) this.#socket.pause();
  }

  resume(): void {
    if (!this.#ended) this.#socket.resume();
  }

  /** Says goodbye; for a connection on which nothing is under way. */
  close(): void {
    if (this.#ended) return;
    this.#socket.end(terminate);
    this.#end(new Error("The connection was closed."));
  }

  /** Ends the connection at once; exchanges under way hear `error`. */
  destroy(error: Error): void {
    if (this.#ended) return;
    this.#socket.destroy();
    this.#end(error);
  }

  #end(error: Error): void {
    this.#ended = true;
    for (const exchange of this.#exchanges.splice(0)) exchange.onClose(error);
    this.onEnd?.();
  }

  #onRead(length: number): boolean {
    if (this.#ended) return true;
    try {
      this.#receivedBytes += length;
      this.#frames.push(readBuffer, length);
      this.#checkSize();
    } catch (error) {
      this.destroy(error as Error);
    }
    return true;
  }

  #checkSize(): void {
    const limit = this.#exchanges[0]?.byteLimit ?? Number.POSITIVE_INFINITY;
    const messageLimit = this.#exchanges[0]?.messageByteLimit ?? limit;
    if (this.#receivedBytes <= limit && this.#frames.announcedBytes <= messageLimit) return;
    throw posternError("Y1008", `The answer is larger than ${messageLimit} bytes.`, {
      hint: "Ask for fewer rows or columns, for example with LIMIT, or connect to the database directly.",
    });
  }

  #onFrame(type: number, buffer: Buffer, start: number, end: number): void {
    const exchange = this.#exchanges[0];
    if (this.#ended) return;
    if (exchange === undefined) this.#onUnasked(type, buffer, start, end);
    else if (type === dataRow) exchange.onDataRow?.(buffer, start, end);
    else this.#onMessage(exchange, type, buffer, start, end);
  }

  #onMessage(exchange: Exchange, type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case 0x54: // T RowDescription
        exchange.onRowDescription?.(buffer, start, end);
        break;
      case 0x43: // C CommandComplete
        exchange.onCommandComplete?.(buffer.toString("latin1", start, end - 1));
        break;
      case 0x5a: // Z ReadyForQuery
        this.#exchanges.shift();
        this.#receivedBytes = 0;
        exchange.onReady(String.fromCharCode(buffer[start]!) as TransactionStatus);
        break;
      case 0x45: // E ErrorResponse
        exchange.onError(parseServerError(buffer, start, end));
        break;
      case 0x74: // t ParameterDescription
        exchange.onParameterTypes?.(parseParameterTypes(buffer, start));
        break;
      case 0x6e: // n NoData
        exchange.onNoData?.();
        break;
      case 0x4e: // N NoticeResponse
        exchange.onNotice?.(buffer, start, end);
        break;
      case 0x49: // I EmptyQueryResponse
        exchange.onEmptyQuery?.();
        break;
      case 0x52: // R Authentication
        requireAuthenticated(buffer.readUInt32BE(start));
        break;
      case 0x4b: // K BackendKeyData
        this.processId = buffer.readInt32BE(start);
        this.secretKey = buffer.readInt32BE(start + 4);
        break;
      case 0x47: // G CopyInResponse
      case 0x48: // H CopyOutResponse
      case 0x57: // W CopyBothResponse
        // What was sent behind the COPY would be read as its data, so the connection cannot be used further.
        throw copyRefused();
      default: // 1 2 3 ParseComplete and the like, S ParameterStatus, A NotificationResponse
    }
  }

  /** Between exchanges Postgres says what has nothing to do with them, and why it ends the session. */
  #onUnasked(type: number, buffer: Buffer, start: number, end: number): void {
    this.#receivedBytes = 0;
    if (type === 0x45) throw parseServerError(buffer, start, end);
  }
}

export const copyRefused = () =>
  posternError("Y1011", "COPY with the client's data does not work over HTTP.", {
    hint: "Use INSERT and SELECT, or connect with psql: `postern db connect --psql`.",
  });

function requireAuthenticated(request: number): void {
  if (request === 0) return;
  throw posternError("Y4001", "Postgres asks Postern for a password on its unix socket.", {
    detail: `Authentication request ${request}; only peer and trust are used on the socket.`,
    hint: "Check pg_hba.conf of the server: its `local` lines must say peer.",
  });
}
