/** In charge of one request on a session that it shares with others: what it asks, and who hears how it ended. */
import type { JsonValue } from "@postern/sdk/protocol";
import type { Exchange } from "../../postgres/wire/exchange.ts";
import type { MessageWriter } from "../../postgres/wire/message-writer.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import type { Step } from "../batch-exchange.ts";
import type { BookEntry } from "./statement-book.ts";

export interface SharedStatement {
  entry: BookEntry;
  params: readonly JsonValue[];
}

/**
 * With whom a request may travel. Reads change nothing, so they may also be sent again. Inserts, and changes of rows that
 * are there, take effect with all of their flight or not at all.
 */
export type Company = "reads" | "inserts" | "changes" | "nobody";

/** Writes the commands that go before a request's statements, and returns how many they are. */
export type WritePrelude = (out: MessageWriter, connection: WireConnection) => number;

export interface SharedRequest {
  /** Several are one transaction: they take effect all or not at all. */
  statements: readonly SharedStatement[];
  company: Company;
  /** Of a client: says who it is. */
  prelude?: WritePrelude | undefined;
  onPreludeFailed?: (() => void) | undefined;
  /** What Postgres says beside the answer; only where requests are isolated can it be told whose it is. */
  onNotice?: Exchange["onNotice"];
  /** Makes fresh steps, one for each statement; called once more whenever the request is sent once more. */
  makeSteps(): readonly Step[];
  /** Called once, with the error or without. `failedIndex`: which statement it was. */
  onDone(error: Error | undefined, failedIndex?: number): void;
}

/** A request on its way through the pool. */
export interface Submission {
  readonly request: SharedRequest;
  readonly submittedAt: number;
  attempts: number;
  /** What the session has prepared may be out of date: it is parsed once more. */
  parsesAnew: boolean;
  /** Its company has failed once. */
  fliesAlone: boolean;
  isDone: boolean;
  stopListening: (() => void) | undefined;
}

/** Tells who waits for it how it ended; what comes after that is not heard. */
export function endSubmission(submission: Submission, error: Error | undefined, failedIndex?: number): void {
  if (submission.isDone) return;
  submission.isDone = true;
  submission.stopListening?.();
  submission.request.onDone(error, failedIndex);
}
