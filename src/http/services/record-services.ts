/** In charge of naming what the HTTP server needs for structured queries and for the log of changes. */
import type {
  EndedRequest,
  OpenRequest,
  OpenRequestInput,
  QueryRequest,
  RecordQuery,
} from "@postern/sdk/protocol";
import type { DepartureSignal } from "../../base/departure.ts";
import type { EncodedAnswer, QueryPrincipal } from "./query-services.ts";

export interface RecordOptions {
  requestId: string;
  /** Fires when the client has gone: everything is undone. */
  signal?: DepartureSignal | undefined;
  /** A request with the same one is answered as the first was, and does nothing. */
  idempotencyKey?: string | undefined;
  callerAddress?: string | undefined;
}

export interface RecordService {
  run(principal: QueryPrincipal, input: RecordQuery, options: RecordOptions): Promise<EncodedAnswer>;
  /** A transaction that is held open until it is ended, or too long. */
  openRequest(
    principal: QueryPrincipal,
    input: OpenRequestInput,
    options: RecordOptions,
  ): Promise<OpenRequest>;
  /** In the transaction of an open request. */
  /** @param signal fires when the client has gone: then everything is undone */
  runIn(
    principal: QueryPrincipal,
    id: string,
    input: RecordQuery,
    signal?: DepartureSignal,
  ): Promise<EncodedAnswer>;
  queryIn(
    principal: QueryPrincipal,
    id: string,
    input: QueryRequest,
    signal?: DepartureSignal,
  ): Promise<EncodedAnswer>;
  commit(principal: QueryPrincipal, id: string): Promise<EndedRequest>;
  rollback(principal: QueryPrincipal, id: string): Promise<EndedRequest>;
}
