/**
 * In charge of what answering a plain request of the data plane needs of its connection, whoever reads the bytes: Node's own
 * HTTP server, or the lane in front of it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnswerClaim } from "../query/answer-room.ts";
import { clientGoneStatus, sendDirectly } from "./direct-response.ts";
import { type AnswerHold, claimFor } from "./hold-answer.ts";
import { peerAddressOf } from "./peer-address.ts";
import type { EncodedAnswer } from "./services/query-services.ts";
import { ResponseSink } from "./stream-answer.ts";

export interface DirectExchange {
  readonly peerAddress: string;
  readBody(onBody: (body: Buffer) => void, onError: (error: Error) => void): void;
  claim(databaseId: string): AnswerClaim;
  /** `headers`: names and values in turn. */
  send(headers: string[], answer: EncodedAnswer): void;
  refuse(status: number, headers: string[], body: Buffer): void;
  /** Absent: rows cannot be streamed here. */
  openSink?(headers: () => string[]): ResponseSink;
  /** `status`: what was answered; 499 where the client went before it had all of it. Called once. */
  onEnd(listener: (status: number) => void): void;
}

/** Over Node's own HTTP server. */
export class NodeExchange implements DirectExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #hold: AnswerHold;

  constructor(request: IncomingMessage, response: ServerResponse, hold: AnswerHold) {
    this.#request = request;
    this.#response = response;
    this.#hold = hold;
  }

  get peerAddress(): string {
    return peerAddressOf(this.#request);
  }

  /** Node has held the body to its announced length; a sender that breaks off has gone, and nobody reads the error. */
  readBody(onBody: (body: Buffer) => void, onError: (error: Error) => void): void {
    const chunks: Buffer[] = [];
    this.#request.on("data", (chunk: Buffer) => chunks.push(chunk));
    this.#request.on("end", () => onBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    this.#request.on("error", onError);
  }

  claim(databaseId: string): AnswerClaim {
    return claimFor(this.#response, this.#hold, databaseId);
  }

  send(headers: string[], answer: EncodedAnswer): void {
    sendDirectly(this.#response, headers, answer, this.#hold);
  }

  refuse(status: number, headers: string[], body: Buffer): void {
    // What is left of the body is read away: a client that still sends would not see the answer otherwise.
    this.#request.resume();
    this.#response.writeHead(status, headers).end(body);
  }

  openSink(headers: () => string[]): ResponseSink {
    return new ResponseSink(this.#response, headers);
  }

  onEnd(listener: (status: number) => void): void {
    const response = this.#response;
    response.once("close", () =>
      listener(response.writableFinished ? response.statusCode : clientGoneStatus),
    );
  }
}
