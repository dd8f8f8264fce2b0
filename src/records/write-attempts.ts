/** In charge of the records of what was tried and undone: written in a transaction of their own, after the failure. */
import type pg from "pg";
import type { Observe } from "../base/observation.ts";
import type { ToldMutation } from "./request-session.ts";

export interface AttemptOptions {
  /** Runs in the database as the superuser of its server. */
  withAdmin(work: (client: pg.Client) => Promise<void>): Promise<void>;
  observe: Observe;
}

/** Failing on purpose must not fill memory: what is beyond is only counted as a fault. */
const mostWaiting = 10_000;

export class AttemptWriter {
  readonly #options: AttemptOptions;
  #waiting: ToldMutation[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  /** Resolves when they are in the log, or cannot be: the failure that they tell of goes first. */
  async write(attempts: readonly ToldMutation[]): Promise<void> {
    if (attempts.length === 0) return;
    if (this.#waiting.length + attempts.length > mostWaiting) {
      this.#fault(new Error(`${attempts.length} attempts are not recorded: too many wait.`));
      return;
    }
    this.#waiting.push(...attempts);
    // What comes while one round is written goes with the next.
    await this.#writing;
    this.#writing ??= this.#round().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #round(): Promise<void> {
    const attempts = this.#waiting;
    this.#waiting = [];
    if (attempts.length === 0) return;
    try {
      await this.#options.withAdmin(async (client) => {
        await client.query(insertAttempts, [`[${attempts.join(",")}]`]);
      });
    } catch (error) {
      this.#fault(error);
    }
  }

  #fault(error: unknown): void {
    this.#options.observe({ type: "fault", where: "the log of changes that were undone", error });
  }
}

const insertAttempts = `
  insert into postern.state_mutations
    (at, request_id, table_oid, schema_name, table_name, row_id, operation, old, new, changed, actor, rolled_back)
  select at, request_id, table_oid, schema_name, table_name, row_id, operation, nullif(old, 'null'), nullif(new, 'null'), changed, actor, true
    from pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb) as attempt (
      at timestamptz, request_id text, table_oid oid, schema_name text, table_name text, row_id text, operation text,
      old jsonb, new jsonb, changed text[], actor text)`;
