/** In charge of the statements that one session has prepared, by their text: bounded, the oldest given up first. */
import { writeClose } from "../../postgres/wire/frontend-messages.ts";
import type { MessageWriter } from "../../postgres/wire/message-writer.ts";
import type { BookEntry } from "./statement-book.ts";

export interface PreparedStatement {
  readonly name: string;
  readonly entry: BookEntry;
  /** Postgres has said so. */
  isParsed: boolean;
  /** Body of its RowDescription; undefined when it returns no rows, or is not described yet. */
  description: Buffer | undefined;
}

const mostPrepared = 256;

/** All of one length, so that what is written before a statement's text is, too. */
const preparedName = (count: number): string => `_p${String(count).padStart(8, "0")}`;

/** What a client's statement is written behind when it is prepared under a name: the gate. */
export const sharedGatePrefix = (name: string): string => `prepare ${name} as `;
export const sharedGateLength = sharedGatePrefix(preparedName(1)).length;

export class PreparedStatements {
  readonly #byText = new Map<string, PreparedStatement>();
  #count = 0;

  find(text: string): PreparedStatement | undefined {
    return this.#byText.get(text);
  }

  /** A new one, to be parsed under its name by the caller; closes the one that it replaces, or the oldest of too many. */
  add(out: MessageWriter, entry: BookEntry): PreparedStatement {
    const replaced = this.find(entry.text);
    if (replaced) this.#close(out, replaced);
    else if (this.#byText.size >= mostPrepared) this.#close(out, this.#byText.values().next().value!);
    const name = preparedName(++this.#count);
    const statement: PreparedStatement = { name, entry, isParsed: false, description: undefined };
    this.#byText.set(entry.text, statement);
    return statement;
  }

  #close(out: MessageWriter, statement: PreparedStatement): void {
    writeClose(out, statement.name);
    this.#byText.delete(statement.entry.text);
  }

  /** It was never parsed. */
  forget(statement: PreparedStatement): void {
    if (this.#byText.get(statement.entry.text) === statement) this.#byText.delete(statement.entry.text);
  }
}
