/** In charge of naming what the HTTP server needs for structured queries and for the log of changes. */
import type { RecordQuery } from "@postern/sdk/protocol";
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
}
