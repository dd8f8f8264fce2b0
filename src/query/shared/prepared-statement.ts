/** In charge of the statements that one session has prepared, by their text: bounded, the oldest given up first. */
import { writeClose } from "../../postgres/wire/frontend-messages.ts";
import type { MessageWriter } from "../../postgres/wire/message-writer.ts";
import type { BookEntry } from "./statement-book.ts";

export interface PreparedStatement {
  readonly name: string;
  readonly entry: BookEntry;
  /** Body of its RowDescription; undefined when it returns no rows, or is not described yet. */
  description: Buffer | undefined;
}

const mostPrepared = 256;

export class PreparedStatements {
  readonly #byText = new Map<string, PreparedStatement>();
  #count = 0;

  find(text: string): PreparedStatement | undefined {
    return this.#byText.get(text);
  }

  /** A new one, to be parsed under its name by the caller; closes the oldest where there are too many. */
  add(out: MessageWriter, entry: BookEntry): PreparedStatement {
    if (this.#byText.size >= mostPrepared) {
      const [oldest] = this.#byText.values();
      writeClose(out, oldest!.name);
      this.#byText.delete(oldest!.entry.text);
    }
    const statement: PreparedStatement = { name: `p${++this.#count}`, entry, description: undefined };
    this.#byText.set(entry.text, statement);
    return statement;
  }

  /** It was never parsed, or Postgres does not want it any more. */
  forget(statement: PreparedStatement): void {
    if (this.#byText.get(statement.entry.text) === statement) this.#byText.delete(statement.entry.text);
  }
}
