/** In charge of one session that requests share: what it has prepared, and the flight that is under way on it. */
import {
  execute,
  sync,
  writeBind,
  writeDescribeStatement,
  writeParse,
} from "../../postgres/wire/frontend-messages.ts";
import { MessageWriter } from "../../postgres/wire/message-writer.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import { encodeParam } from "../encode-params.ts";
import type { TypeCatalog } from "../type-catalog.ts";
import { Flight, type FlightOwner, type Passenger } from "./flight.ts";
import { type PreparedStatement, PreparedStatements } from "./prepared-statement.ts";
import type { SharedStatement, Submission } from "./shared-request.ts";

/** Hears how flights went. */
export interface SessionOwner {
  onArrived(session: SharedSession, passenger: Passenger): void;
  onLanded(session: SharedSession, flight: Flight, error: Error | undefined): void;
  onLost(session: SharedSession, flight: Flight, error: Error): void;
}

export interface SendOptions {
  /** Largest answer to one request, bytes. */
  answerBytes: number;
  now: number;
  catalog: TypeCatalog;
}

export class SharedSession implements FlightOwner {
  readonly connection: WireConnection;
  readonly openedAt: number;
  /** When something was answered last, by `performance.now()`. */
  lastAnswerAt: number;
  flight: Flight | undefined;
  /** Takes nothing more and is closed when its flight has landed. */
  isRetired = false;
  readonly #prepared = new PreparedStatements();
  readonly #owner: SessionOwner;

  constructor(connection: WireConnection, owner: SessionOwner, now: number) {
    this.connection = connection;
    this.#owner = owner;
    this.openedAt = now;
    this.lastAnswerAt = now;
  }

  /** Sends the requests in one write. Several must all be reads. */
  send(submissions: readonly Submission[], options: SendOptions): void {
    const out = new MessageWriter(128 + submissions.length * 96);
    const passengers = submissions.map((submission) => this.#board(out, submission, options.catalog));
    out.bytes(sync);
    const { answerBytes, now } = options;
    this.flight = new Flight(passengers, { answerBytes, now, owner: this });
    this.connection.send(out.take(), this.flight);
  }

  onArrived(_flight: Flight, passenger: Passenger): void {
    this.#owner.onArrived(this, passenger);
  }

  onLanded(flight: Flight, error: Error | undefined): void {
    this.flight = undefined;
    if (error) this.#forgetUnparsed(flight);
    this.#owner.onLanded(this, flight, error);
  }

  onLost(flight: Flight, error: Error): void {
    this.#owner.onLost(this, flight, error);
  }

  /** Behind an error nothing is parsed. */
  #forgetUnparsed({ passengers, position }: Flight): void {
    for (let at = position; at < passengers.length; at++) {
      for (const statement of passengers[at]!.prepared)
        if (!statement.isParsed) this.#prepared.forget(statement);
    }
  }

  #board(out: MessageWriter, submission: Submission, catalog: TypeCatalog): Passenger {
    const { request, parsesAnew } = submission;
    const prepared = request.statements.map((one) => this.#write(out, one, parsesAnew, catalog));
    return { submission, prepared, steps: request.makeSteps(), index: 0, isMuted: false };
  }

  #write(
    out: MessageWriter,
    { entry, params }: SharedStatement,
    parsesAnew: boolean,
    catalog: TypeCatalog,
  ): PreparedStatement {
    let statement = parsesAnew ? undefined : this.#prepared.find(entry.text);
    if (statement === undefined) {
      statement = this.#prepared.add(out, entry);
      writeParse(out, entry.text, statement.name);
      writeDescribeStatement(out, statement.name);
    }
    const types = entry.parameterTypes;
    writeBind(
      out,
      params.map((param, index) => encodeParam(param, types && catalog.find(types[index] ?? 0))),
      statement.name,
    );
    out.bytes(execute);
    return statement;
  }
}
