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
import { writeCommand } from "../write-statement.ts";
import { Flight, type FlightOwner, type Passenger } from "./flight.ts";
import { type PreparedStatement, PreparedStatements, sharedGatePrefix } from "./prepared-statement.ts";
import type { SharedStatement, Submission } from "./shared-request.ts";
import type { BookEntry } from "./statement-book.ts";

/** Hears how flights went. */
export interface SessionOwner {
  onArrived(session: SharedSession, passenger: Passenger, error: Error | undefined): void;
  onLanded(session: SharedSession, flight: Flight, error: Error | undefined): void;
  onLost(session: SharedSession, flight: Flight, error: Error): void;
}

export interface SendOptions {
  /** Largest answer to one request, bytes. */
  answerBytes: number;
  besideBytes: number;
  now: number;
  catalog: TypeCatalog;
  /** Clients' requests: each says who it is, and has a transaction of its own. */
  isolates: boolean;
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
    const { answerBytes, besideBytes, now, isolates } = options;
    const out = new MessageWriter(128 + submissions.length * (isolates ? 512 : 96));
    const passengers = submissions.map((submission) => {
      const passenger = this.#board(out, submission, options);
      if (isolates) out.bytes(sync);
      return passenger;
    });
    if (!isolates) out.bytes(sync);
    this.flight = new Flight(passengers, { answerBytes, besideBytes, now, isolates, owner: this });
    // One ReadyForQuery for each Sync.
    if (isolates) this.connection.send(out.take(), ...passengers.map(() => this.flight!));
    else this.connection.send(out.take(), this.flight);
  }

  closeIfDone(): void {
    if (this.isRetired && this.flight === undefined) this.connection.close();
  }

  onArrived(_flight: Flight, passenger: Passenger, error: Error | undefined): void {
    if (error) this.#forgetUnparsed(passenger);
    this.#owner.onArrived(this, passenger, error);
  }

  onLanded(flight: Flight, error: Error | undefined): void {
    this.flight = undefined;
    // Behind an error nothing is parsed.
    if (error) for (const one of flight.passengers.slice(flight.position)) this.#forgetUnparsed(one);
    this.#owner.onLanded(this, flight, error);
  }

  onLost(flight: Flight, error: Error): void {
    this.#owner.onLost(this, flight, error);
  }

  #forgetUnparsed({ prepared }: Passenger): void {
    for (const statement of prepared) if (!statement.isParsed) this.#prepared.forget(statement);
  }

  #board(out: MessageWriter, submission: Submission, options: SendOptions): Passenger {
    const { request } = submission;
    const prelude = request.prelude?.(out, this.connection) ?? 0;
    const prepared: PreparedStatement[] = [];
    const gates: boolean[] = [];
    for (const { entry, params } of request.statements) {
      const known = submission.parsesAnew ? undefined : this.#prepared.find(entry.text);
      const statement = known ?? this.#prepare(out, entry, options);
      gates.push(options.isolates && known === undefined);
      prepared.push(statement);
      this.#writeRun(out, statement, params, options.catalog);
    }
    return { submission, prelude, gates, prepared, steps: request.makeSteps(), index: 0, isMuted: false };
  }

  /** A stranger's statement passes the gate when it is prepared: see `gatePrefix`. */
  #prepare(out: MessageWriter, entry: BookEntry, { isolates }: SendOptions): PreparedStatement {
    const statement = this.#prepared.add(out, entry);
    if (isolates) writeCommand(out, sharedGatePrefix(statement.name) + entry.text);
    else writeParse(out, entry.text, statement.name);
    writeDescribeStatement(out, statement.name);
    return statement;
  }

  #writeRun(
    out: MessageWriter,
    { entry, name }: PreparedStatement,
    params: SharedStatement["params"],
    catalog: TypeCatalog,
  ): void {
    const types = entry.parameterTypes;
    writeBind(
      out,
      params.map((param, index) => encodeParam(param, types && catalog.find(types[index] ?? 0))),
      name,
    );
    out.bytes(execute);
  }
}
