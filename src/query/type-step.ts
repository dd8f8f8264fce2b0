/** In charge of asking Postgres about types that the catalog does not know, as one command of a batch. */
import { execute, writeBind, writeParse } from "../postgres/wire/frontend-messages.ts";
import type { MessageWriter } from "../postgres/wire/message-writer.ts";
import type { Step } from "./batch-exchange.ts";
import { type TypeRow, typeQuery } from "./type-catalog.ts";

export class TypeStep implements Step {
  readonly #rows: TypeRow[] = [];
  #resolve!: (rows: TypeRow[] | undefined) => void;
  /** Undefined when the batch failed. */
  readonly answer = new Promise<TypeRow[] | undefined>((resolve) => {
    this.#resolve = resolve;
  });

  onDataRow(buffer: Buffer, start: number): void {
    let at = start + 2;
    const values = Array.from({ length: 5 }, () => {
      const end = at + 4 + buffer.readInt32BE(at);
      const text = buffer.toString("utf8", at + 4, end);
      at = end;
      return text;
    });
    this.#rows.push(values as TypeRow);
  }

  onComplete(): void {
    this.#resolve(this.#rows);
  }

  onFailure(): void {
    this.#resolve(undefined);
  }
}

/** As a statement with a name: the unnamed one may be the user's, parsed and waiting for its parameters. */
export function writeTypeQuery(out: MessageWriter, oids: readonly number[]): void {
  const name = "postern_types";
  writeParse(out, typeQuery, name);
  writeBind(out, [`{${oids.join(",")}}`], name);
  out.bytes(execute);
}
