/** In charge of naming what the HTTP server needs for SQL: over HTTP, through the tunnel, and tried out as a client. */

import type { Duplex } from "node:stream";
import type { QueryRequest, RowSecurityTestRequest, TransactionRequest } from "@postern/sdk/protocol";
import type { ClientPrincipal, DatabasePrincipal, Principal } from "../../access/principal.ts";
import type { DepartureSignal } from "../../base/departure.ts";
import type { AnswerClaim } from "../../query/answer-room.ts";
import type { NeonRequest } from "../../query/neon/neon-request.ts";
import type { DatabaseRef } from "./database-services.ts";

/** JSON that is encoded already: sent as it is. */
export interface EncodedAnswer {
  chunks: Buffer[];
  byteLength: number;
}

export interface QueryOptions {
  /** Rows as arrays of values instead of objects. */
  rowsAsArrays: boolean;
  /** Fires when the client has gone: the statement is canceled. */
  signal: DepartureSignal;
  /** Ties together what one request of an application asks. */
  requestId?: string;
  /** Tells callers without a token apart. */
  callerAddress?: string | undefined;
  /** On the memory for answers. */
  claim?: AnswerClaim;
}

/** Takes a streamed answer, piece by piece, at its own pace. */
export interface AnswerSink {
  /** False: it has enough for now, and says when it can take more. */
  write(bytes: Uint8Array): boolean;
  /** Called each time that it can take more. */
  onDrain: (() => void) | undefined;
}

/** A database's owner, or one of its clients. */
export type QueryPrincipal = DatabasePrincipal | ClientPrincipal;

export interface QueryService {
  neon(principal: QueryPrincipal, input: NeonRequest, options: QueryOptions): Promise<EncodedAnswer>;
  query(principal: QueryPrincipal, input: QueryRequest, options: QueryOptions): Promise<EncodedAnswer>;
  /** Rows as they come; resolves when the last line is in the sink. What was written before a failure stands. */
  stream(
    principal: QueryPrincipal,
    input: QueryRequest,
    sink: AnswerSink,
    options: QueryOptions,
  ): Promise<void>;
  execute(principal: QueryPrincipal, input: QueryRequest, options: QueryOptions): Promise<EncodedAnswer>;
  transaction(
    principal: QueryPrincipal,
    input: TransactionRequest,
    options: QueryOptions,
  ): Promise<EncodedAnswer>;
}

export interface TunnelService {
  /**
   * Runs one Postgres session over the client's byte stream; resolves when it has ended on both sides. `onOpen`: the
   * client has logged in.
   */
  run(client: Duplex, onOpen: () => void): Promise<void>;
}

export interface RowSecurityService {
  /** Runs the statement as a client of the database would, and undoes it. @throws Y1001 unless it says as whom */
  test(
    principal: Principal,
    input: DatabaseRef & RowSecurityTestRequest,
    options: QueryOptions,
  ): Promise<EncodedAnswer>;
}
