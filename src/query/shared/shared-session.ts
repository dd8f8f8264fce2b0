/** In charge of one session that several requests share: what it has prepared, and what is under way on it. */

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
import { type PreparedStatement, PreparedStatements } from "./prepared-statement.ts";
import { type ExchangeOwner, SharedExchange } from "./shared-exchange.ts";
import type { SharedStatement, Submission } from "./shared-request.ts";

/** Hears how exchanges ended. */
export interface SessionOwner {
  onAnswered(session: SharedSession, exchange: SharedExchange, error: Error | undefined): void;
  onLost(session: SharedSession, exchange: SharedExchange, error: Error): void;
}

export interface SendOptions {
  /** Largest answer, bytes. */
  byteLimit: number;
  now: number;
  catalog: TypeCatalog;
}

export class SharedSession implements ExchangeOwner {
  readonly connection: WireConnection;
  readonly openedAt: number;
  /** When something was answered last, by `performance.now()`. */
  lastAnswerAt: number;
  /** In the order in which they are answered. */
  readonly underWay: SharedExchange[] = [];
  /** Takes nothing more and is closed when what is under way is done. */
  isRetired = false;
  readonly #prepared = new PreparedStatements();
  #out: MessageWriter | undefined;
  #unsent: SharedExchange[] = [];
  readonly #owner: SessionOwner;

  constructor(connection: WireConnection, owner: SessionOwner, now: number) {
    this.connection = connection;
    this.#owner = owner;
    this.openedAt = now;
    this.lastAnswerAt = now;
  }

  /** Puts a request behind what is under way; it is sent by `flush`. */
  add(submission: Submission, options: SendOptions): void {
    this.#out ??= new MessageWriter(2048);
    const out = this.#out;
    const { request, parsesAnew } = submission;
    const prepared = request.statements.map((one) => this.#write(out, one, parsesAnew, options.catalog));
    out.bytes(sync);
    const exchange = new SharedExchange(submission, prepared, this, options);
    this.underWay.push(exchange);
    this.#unsent.push(exchange);
  }

  /** Sends what was added since the last time, in one write. */
  flush(): void {
    if (this.#out === undefined) return;
    const bytes = this.#out.take();
    const exchanges = this.#unsent;
    this.#out = undefined;
    this.#unsent = [];
    this.connection.send(bytes, ...exchanges);
  }

  onAnswered(exchange: SharedExchange, error: Error | undefined): void {
    this.underWay.shift();
    if (error) {
      for (const statement of exchange.prepared) if (!statement.isParsed) this.#prepared.forget(statement);
    }
    this.#owner.onAnswered(this, exchange, error);
  }

  onLost(exchange: SharedExchange, error: Error): void {
    this.#owner.onLost(this, exchange, error);
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
