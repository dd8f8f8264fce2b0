/** In charge of the session that the shell talks to: its state, its end, its return, and what it may do. */
import pg from "pg";
import { hasCode, messageOf, PosternError, posternError } from "../../base/error.ts";
import { printable } from "../table.ts";
import type { Connector } from "./connector.ts";
import { type DescribedColumn, describeStatement } from "./describe-statement.ts";
import { probeSql, readOnlyBegin, transactionControl } from "./read-only-guard.ts";
import {
  type ResultColumn,
  type StatementEnd,
  type StatementSink,
  streamStatement,
  type TextRow,
} from "./stream-statement.ts";

export type TransactionState = "idle" | "open" | "failed";

export interface SessionTalk {
  /** Notices of the server. */
  notice(text: string): void;
  /** Its connection was closed while nothing ran. */
  closed(): void;
  /** A new one is made, which may take as long as a server needs to start. */
  reconnecting(): void;
  /** The session is another one now. */
  reconnected(): void;
}

const patienceMs = 15_000;

export class ShellSession {
  readonly connector: Connector;
  readOnly: boolean;
  /** Does a lost connection come back by itself? */
  revives = true;
  #client: pg.Client;
  #isLost = false;
  #talk: SessionTalk = { notice() {}, closed() {}, reconnecting() {}, reconnected() {} };

  private constructor(connector: Connector, client: pg.Client, readOnly: boolean) {
    this.connector = connector;
    this.#client = client;
    this.readOnly = readOnly;
    this.#watch(client);
  }

  static async open(connector: Connector, readOnly: boolean): Promise<ShellSession> {
    return new ShellSession(connector, await connector.connect(), readOnly);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  listen(talk: SessionTalk): void {
    this.#talk = talk;
  }

  get state(): TransactionState {
    const status = (
      this.#client as unknown as { getTransactionStatus(): string | null }
    ).getTransactionStatus();
    if (this.#isLost) return "idle";
    return status === "T" ? "open" : status === "E" ? "failed" : "idle";
  }

  get user(): string {
    return this.#client.user ?? "";
  }

  get database(): string {
    return this.#client.database ?? "";
  }

  /** One statement. @throws PosternError with Postgres's SQLSTATE */
  async run(sql: string, params: readonly (string | null)[], sink: StatementSink): Promise<StatementEnd> {
    this.#isCanceled = false;
    this.#isBusy = true;
    try {
      await this.#revive();
      return this.readOnly ? await this.#runGuarded(sql, params, sink) : await this.#send(sql, params, sink);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** What a statement would answer with; it is not run. @throws PosternError with Postgres's SQLSTATE */
  async describe(sql: string): Promise<DescribedColumn[]> {
    this.#isBusy = true;
    try {
      await this.#revive();
      return await describeStatement(this.#client, sql);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** The first rows at once: for the shell's own questions. */
  async query(
    sql: string,
    params: readonly (string | null)[] = [],
    most = Number.POSITIVE_INFINITY,
  ): Promise<Record<string, string | null>[]> {
    const collected = collectRows(most);
    await this.run(sql, params, collected.sink);
    return collected.records();
  }

  async cancel(): Promise<void> {
    this.#isCanceled = true;
    if (!this.#isLost) await this.connector.cancel(this.#client);
  }

  /** A session with nothing of this one's settings, tables and transaction. */
  async renew(): Promise<void> {
    await this.close();
    this.#lostTransaction = false;
    this.#isLost = true;
    await this.#revive();
  }

  async close(): Promise<void> {
    this.#client.removeAllListeners("end");
    // A server that does not say goodbye is left.
    await Promise.race([
      this.#client.end().catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, 2_000).unref()),
    ]);
  }

  #send(sql: string, params: readonly (string | null)[], sink: StatementSink): Promise<StatementEnd> {
    return streamStatement(this.#client, sql, params, sink);
  }

  async #runGuarded(
    sql: string,
    params: readonly (string | null)[],
    sink: StatementSink,
  ): Promise<StatementEnd> {
    const control = transactionControl(sql);
    const isOwn = this.state === "idle" && control === undefined;
    if (isOwn) await this.#plain("begin read only");
    if (this.state === "idle" && control === "begin") return this.#send(readOnlyBegin(sql), params, sink);
    if (this.state === "open" && control !== "end") await this.#probe();
    try {
      const end = await this.#send(sql, params, sink);
      // What was SET lasts.
      if (isOwn && this.state !== "idle") await this.#plain("commit");
      return end;
    } catch (error) {
      if (isOwn && this.state !== "idle") await this.#plain("rollback");
      throw error;
    }
  }

  /** A transaction that could still be made to write is not used. */
  async #probe(): Promise<void> {
    const collected = collectRows();
    await this.#send(probeSql, [], collected.sink);
    if (collected.records()[0]?.current_setting === "on") return;
    await this.#plain("rollback");
    throw posternError("Y3080", "This session only reads, and the transaction was not read-only.", {
      hint: "It was rolled back.",
    });
  }

  async #plain(sql: string): Promise<void> {
    await this.#send(sql, [], collectRows().sink);
  }

  #watch(client: pg.Client): void {
    client.on("error", () => {});
    client.on("notice", ({ severity, message, hint }) =>
      this.#talk.notice(
        printable(`${severity ?? "NOTICE"}: ${message ?? ""}${hint ? `\n  Hint: ${hint}` : ""}`),
      ),
    );
    client.on("notification", ({ channel, payload, processId }) =>
      this.#talk.notice(
        printable(`NOTIFY ${channel}${payload ? ` "${payload}"` : ""} from process ${processId}`),
      ),
    );
    client.once("end", () => {
      this.#lostTransaction = this.state !== "idle";
      this.#isLost = true;
      if (!this.#isBusy) this.#talk.closed();
    });
  }

  #lostTransaction = false;
  #isCanceled = false;
  #isBusy = false;

  /** A server that has only just gone down is about to come up again. */
  async #connectPatiently(): Promise<pg.Client> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        return await this.connector.connect();
      } catch (error) {
        const mayPass = hasCode(error, "57P03") || hasCode(error, "Y4001");
        if (!mayPass || this.#isCanceled || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  /** What a session knew is gone with it, and that is said. */
  async #revive(): Promise<void> {
    if (!this.#isLost) return;
    if (!this.revives) throw posternError("Y3082", "The connection to Postgres was lost.");
    this.#talk.reconnecting();
    const client = await this.#connectPatiently();
    this.#client = client;
    this.#isLost = false;
    this.#watch(client);
    const lost = this.#lostTransaction;
    this.#lostTransaction = false;
    this.#talk.reconnected();
    // Half a transaction must not go on as if it were whole.
    if (lost) {
      throw posternError("Y3081", "The connection was lost, and the open transaction with it.", {
        hint: "Nothing of it was stored. Begin it again.",
      });
    }
  }

  #explain(error: unknown): unknown {
    if (error instanceof pg.DatabaseError && error.code !== undefined) {
      const { code, message, detail, hint, position } = error;
      const at = position === undefined ? undefined : Number(position);
      return new PosternError(code, message, { detail, hint, position: at, cause: error });
    }
    if (error instanceof PosternError) return error;
    if (!this.#isLost && !hasCode(error, "ECONNRESET", "EPIPE")) return error;
    return posternError("Y3082", "The connection to Postgres was lost.", {
      detail: messageOf(error),
      hint: "The next statement connects anew; settings, temporary tables and prepared statements are gone.",
      cause: error,
    });
  }
}

export function collectRows(most = Number.POSITIVE_INFINITY) {
  let described: ResultColumn[] = [];
  const all: TextRow[] = [];
  const sink: StatementSink = {
    columns(columns) {
      described = columns;
    },
    async rows(rows) {
      for (const row of rows) all.push(row);
      return all.length >= most ? "stop" : undefined;
    },
  };
  const rows = () => all.slice(0, most);
  const records = () =>
    rows().map((row) => Object.fromEntries(described.map(({ name }, at) => [name, row[at] ?? null])));
  return { sink, records, rows, columns: () => described };
}
