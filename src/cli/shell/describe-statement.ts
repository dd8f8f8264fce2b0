/** In charge of asking the server what a statement would answer with, without running it. */
import type pg from "pg";
import { whileConnected } from "./while-connected.ts";

export interface DescribedColumn {
  name: string;
  typeOid: number;
  modifier: number;
}

/** What `pg` calls, and the part of its connection that is used. */
interface Wire extends NodeJS.EventEmitter {
  parse(message: { text: string }): void;
  describe(message: { type: "S"; name: string }): void;
  sync(): void;
}

interface RowDescription {
  fields: { name: string; dataTypeID: number; dataTypeModifier: number }[];
}

/** Empty where it has no rows. */
export const describeStatement = (client: pg.Client, sql: string): Promise<DescribedColumn[]> =>
  whileConnected(client, ({ done, failed }) => {
    let columns: DescribedColumn[] = [];
    client.query({
      submit(wire: Wire) {
        wire.parse({ text: sql });
        wire.describe({ type: "S", name: "" });
        wire.sync();
      },
      handleRowDescription({ fields }: RowDescription) {
        columns = fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
          name,
          typeOid: dataTypeID,
          modifier: dataTypeModifier,
        }));
      },
      handleError(error: unknown, wire: Wire) {
        const finish = () => failed(error);
        if ((error as { severity?: string }).severity) wire.once("readyForQuery", () => setImmediate(finish));
        else finish();
      },
      handleReadyForQuery: () => done(columns),
    } as unknown as pg.Submittable);
  });
