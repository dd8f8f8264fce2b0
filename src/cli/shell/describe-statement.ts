/** In charge of asking the server what a statement would answer with, without running it. */
import type pg from "pg";

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
export function describeStatement(client: pg.Client, sql: string): Promise<DescribedColumn[]> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error("The connection was closed."));
    client.once("end", lost);
    const settle = (finish: () => void) => {
      client.off("end", lost);
      finish();
    };
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
        const finish = () => settle(() => reject(error));
        if ((error as { severity?: string }).severity) wire.once("readyForQuery", () => setImmediate(finish));
        else finish();
      },
      handleReadyForQuery: () => settle(() => resolve(columns)),
    } as unknown as pg.Submittable);
  });
}
