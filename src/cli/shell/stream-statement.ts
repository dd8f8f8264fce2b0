/**
 * In charge of one statement whose rows come in batches through a portal: the next batch is asked for when the last one is
 * dealt with, so an answer of any size needs the memory of one batch. COPY's data goes the same way.
 */
import type pg from "pg";
import { messageOf } from "../../base/error.ts";
import { type Settle, whileConnected } from "./while-connected.ts";

export interface ResultColumn {
  name: string;
  typeOid: number;
}

/** As Postgres writes them; NULL is null. */
export type TextRow = readonly (string | null)[];

export interface StatementSink {
  columns(columns: ResultColumn[]): Promise<void> | void;
  /** "stop": nobody wants more. */
  rows(rows: TextRow[]): Promise<"stop" | undefined>;
  /** What COPY TO sends. */
  copyOut?(data: Buffer): Promise<void> | void;
  /** What COPY FROM is given; aborted when the server wants no more of it. */
  copyIn?(ended: AbortSignal): AsyncIterable<Buffer>;
}

export interface StatementEnd {
  /** `SELECT`, `CREATE TABLE`; empty for a statement of nothing. */
  tag: string;
  /** Rows answered or changed; undefined where the tag has no number. */
  count: number | undefined;
}

/** Of the first batch; a table takes its widths from it. */
const rowsAtFirst = 500;
/** What the later ones are to hold: many rows of a number, few of a picture. */
const batchCharacters = 500_000;
const mostRows = 5_000;
/** More than these are not kept waiting: the first batch may have been one of pictures. */
const mostCharacters = 4 * batchCharacters;

/** What `pg` calls on a query of one's own, and the part of its connection that is used. */
interface Wire extends NodeJS.EventEmitter {
  stream: { pause(): unknown; resume(): unknown; writableNeedDrain?: boolean } & NodeJS.EventEmitter;
  parse(message: { text: string; name?: string }): void;
  bind(message: { values: readonly (string | null)[] }): void;
  describe(message: { type: "P"; name: string }): void;
  execute(message: { rows: number }): void;
  close(message: { type: "P"; name?: string }): void;
  flush(): void;
  sync(): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

interface RowDescription {
  fields: { name: string; dataTypeID: number }[];
}

export const streamStatement = (
  client: pg.Client,
  sql: string,
  params: readonly (string | null)[],
  sink: StatementSink,
): Promise<StatementEnd> =>
  whileConnected(client, (outcome) => {
    client.query(new Streamed(sql, params, sink, outcome) as unknown as pg.Submittable);
  });

class Streamed {
  readonly #sql: string;
  readonly #params: readonly (string | null)[];
  readonly #sink: StatementSink;
  readonly #outcome: Settle<StatementEnd>;
  #rows: TextRow[] = [];
  #seenRows = 0;
  #seenCharacters = 0;
  #waitingCharacters = 0;
  #isUnwanted = false;
  #tag = "";
  #count: number | undefined;
  /** What the sink still does, in order. */
  #work: Promise<unknown> = Promise.resolve();
  #sinkError: unknown;
  #wire: Wire | undefined;
  /** A second one would be answered to the next statement. */
  #hasSynced = false;
  readonly #ended = new AbortController();

  constructor(
    sql: string,
    params: readonly (string | null)[],
    sink: StatementSink,
    outcome: Settle<StatementEnd>,
  ) {
    this.#sql = sql;
    this.#params = params;
    this.#sink = sink;
    this.#outcome = outcome;
  }

  submit(wire: Wire): void {
    this.#wire = wire;
    wire.parse({ text: this.#sql });
    wire.bind({ values: this.#params });
    wire.describe({ type: "P", name: "" });
    wire.execute({ rows: rowsAtFirst });
    wire.flush();
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#then(() =>
      this.#sink.columns(fields.map(({ name, dataTypeID }) => ({ name, typeOid: dataTypeID }))),
    );
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    if (this.#isUnwanted) return;
    this.#rows.push(fields);
    this.#seenRows += 1;
    for (const field of fields) this.#waitingCharacters += field?.length ?? 0;
    if (this.#waitingCharacters > mostCharacters) this.#pauseFor(() => this.#flush());
  }

  /** Until that is done no more is read from the server. */
  #pauseFor(work: () => Promise<unknown>): void {
    this.#wire?.stream.pause();
    void work().then(() => this.#wire?.stream.resume());
  }

  #nextBatch(): number {
    const rows = batchCharacters / (this.#seenCharacters / this.#seenRows + 1);
    return Math.min(mostRows, Math.max(1, Math.floor(rows)));
  }

  handlePortalSuspended(wire: Wire): void {
    void this.#goOn(wire);
  }

  async #goOn(wire: Wire): Promise<void> {
    await this.#flush();
    if (this.#isUnwanted || this.#sinkError !== undefined) {
      wire.close({ type: "P" });
      this.#sync(wire);
    } else {
      wire.execute({ rows: this.#nextBatch() });
      wire.flush();
    }
  }

  handleCommandComplete({ text }: { text: string }, wire: Wire): void {
    const [, tag, count] = /^(.*?)(?: (?:\d+ )?(\d+))?$/.exec(text)!;
    this.#tag = tag!;
    this.#count = count === undefined ? undefined : Number(count);
    this.#sync(wire);
  }

  handleEmptyQuery(wire: Wire): void {
    this.#sync(wire);
  }

  #sync(wire: Wire): void {
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    wire.sync();
  }

  handleError(error: unknown, wire: Wire): void {
    this.#ended.abort();
    const finish = () => this.#outcome.failed(this.#sinkError ?? error);
    // Where the connection itself is broken nothing more will come.
    if (!(error as { severity?: string }).severity) {
      finish();
      return;
    }
    // The state of the transaction is known when the server is ready again.
    wire.once("readyForQuery", () => setImmediate(finish));
    this.#sync(wire);
  }

  handleReadyForQuery(): void {
    void this.#end({ tag: this.#tag, count: this.#count });
  }

  async #end(end: StatementEnd): Promise<void> {
    await this.#flush();
    if (this.#sinkError === undefined) this.#outcome.done(end);
    else this.#outcome.failed(this.#sinkError);
  }

  handleCopyInResponse(wire: Wire): void {
    const chunks = this.#sink.copyIn?.(this.#ended.signal);
    if (chunks) void this.#sendChunks(wire, chunks);
    else wire.sendCopyFail("no data was given: \\copy reads a file");
  }

  /** The end of the data is answered only when the server is asked to. */
  async #sendChunks(wire: Wire, chunks: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of chunks) {
        if (this.#hasSynced) return;
        wire.sendCopyFromChunk(chunk);
        if (wire.stream.writableNeedDrain) await drained(wire);
      }
      if (!this.#hasSynced) wire.endCopyFrom();
      this.#sync(wire);
    } catch (error) {
      if (!this.#hasSynced) wire.sendCopyFail(messageOf(error));
    }
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.#pauseFor(() => this.#then(() => this.#sink.copyOut?.(chunk)));
  }

  #then(work: () => Promise<unknown> | unknown): Promise<unknown> {
    this.#work = this.#work.then(async () => {
      if (this.#sinkError !== undefined) return undefined;
      try {
        return await work();
      } catch (error) {
        this.#sinkError = error;
        return undefined;
      }
    });
    return this.#work;
  }

  #flush(): Promise<unknown> {
    const rows = this.#rows;
    this.#rows = [];
    this.#seenCharacters += this.#waitingCharacters;
    this.#waitingCharacters = 0;
    return this.#then(async () => {
      if (rows.length > 0 && (await this.#sink.rows(rows)) === "stop") this.#isUnwanted = true;
    });
  }
}

/** Or closed: then nothing will be taken any more. */
const drained = (wire: Wire): Promise<void> =>
  new Promise((resolve) => {
    const settle = () => {
      wire.stream.off("drain", settle).off("close", settle);
      resolve();
    };
    wire.stream.once("drain", settle).once("close", settle);
  });
