/**
 * In charge of whose request a statement of the owner's is, for the log of changes: where tables are tracked by every way in,
 * a command in front says it. Elsewhere nothing is sent, and what shares sessions never needs it: a tracked table's
 * statements have a session to themselves.
 */
import type { MessageWriter } from "../postgres/wire/message-writer.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";
import type { Step } from "./batch-exchange.ts";
import { type Signer, writeAttachRequest } from "./client/sign-identity.ts";
import { leadingKeyword, rowStatements } from "./leading-keyword.ts";
import type { Batch } from "./run-batch.ts";
import type { AskCatalog } from "./shared/statement-book.ts";

export interface RequestMark {
  /** Hears how the command went. */
  step: Step;
  write(out: MessageWriter, connection: WireConnection): void;
}

export interface RequestMarksOptions {
  ask: AskCatalog;
  /** Makes the log ready and says how to speak for a request. */
  prepareLog(): Promise<Signer>;
}

const believedForMs = 1_000;
/** After something went wrong with it: the statements themselves matter more. */
const pauseMs = 10_000;

/** Most databases have no triggers, and each is asked this first: what follows takes a machine that is emulated half a second. */
const hasTriggersQuery = "select exists (select from pg_catalog.pg_trigger where not tgisinternal)";
const tracksQuery = `
  select exists (
    select from pg_catalog.pg_trigger t
      join pg_catalog.pg_proc p on p.oid = t.tgfoid join pg_catalog.pg_roles o on o.oid = p.proowner
     where p.proname = 'capture_mutation' and o.rolname = 'postern_log' and not t.tgisinternal
       and pg_catalog.substring(t.tgargs, 1, 4) = '\\x${Buffer.from("all\0").toString("hex")}'::pg_catalog.bytea)`;

export class RequestMarks {
  readonly #options: RequestMarksOptions;
  #tracks: Promise<boolean> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #hasTriggers = false;
  #signer: Promise<Signer> | undefined;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: RequestMarksOptions) {
    this.#options = options;
  }

  /** Undefined where nothing is tracked, or nothing can be said of it. */
  async markFor(
    batch: Pick<Batch, "statements" | "begin">,
    requestId: string | undefined,
    onRefused: () => void,
  ): Promise<RequestMark | undefined> {
    const now = performance.now();
    if (requestId === undefined || now < this.#pausedUntil || !mayWriteRows(batch)) return undefined;
    try {
      if (!(await this.#isTracking(now))) return undefined;
      this.#signer ??= this.#options.prepareLog();
      const signer = await this.#signer;
      const onFailure = () => {
        this.#pause();
        onRefused();
      };
      return {
        step: { onComplete() {}, onFailure },
        write: (out, connection) => writeAttachRequest(out, signer, connection, { requestId }),
      };
    } catch {
      this.#pause();
      return undefined;
    }
  }

  #isTracking(now: number): Promise<boolean> {
    if (this.#tracks && now - this.#askedAt < believedForMs) return this.#tracks;
    this.#askedAt = now;
    this.#tracks = this.#look();
    return this.#tracks;
  }

  async #look(): Promise<boolean> {
    const { ask } = this.#options;
    this.#hasTriggers ||= (await ask(hasTriggersQuery, [])) === "t";
    return this.#hasTriggers && (await ask(tracksQuery, [])) === "t";
  }

  #pause(): void {
    this.#tracks = undefined;
    this.#signer = undefined;
    this.#pausedUntil = performance.now() + pauseMs;
  }
}

/** Behind another command of its transaction some statements are refused, such as VACUUM; these never are. */
function mayWriteRows({ statements, begin }: Pick<Batch, "statements" | "begin">): boolean {
  if (begin !== undefined) return !/ read only/.test(begin);
  return statements.every(({ sql }) => {
    const keyword = leadingKeyword(sql) ?? "";
    return (
      keyword === "TRUNCATE" || (rowStatements.has(keyword) && keyword !== "VALUES" && keyword !== "TABLE")
    );
  });
}
