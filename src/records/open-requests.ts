/**
 * In charge of requests whose transaction is held open between calls. Each has a name that is a secret, ends by itself when
 * nothing is heard of it, and leaves what it tried in the log when it is undone.
 */
import { randomBytes } from "node:crypto";
import type {
  EndedRequest,
  OpenRequest,
  OpenRequestInput,
  QueryRequest,
  RecordQuery,
} from "@postern/sdk/protocol";
import { callerOf } from "../access/principal.ts";
import type { DepartureSignal } from "../base/departure.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { checkStatement } from "../query/check-request.ts";
import { AnswerBudget } from "../query/json-writer.ts";
import { learnTypes } from "../query/learn-types.ts";
import { requestCanceled } from "../query/query-error.ts";
import type { QueryTarget } from "../query/query-service.ts";
import { ResultStep } from "../query/result-step.ts";
import { beginCommand } from "../query/run-transaction.ts";
import type { RecordCall } from "./record-call.ts";
import { frameFor } from "./record-context.ts";
import { describeFailure } from "./record-failure.ts";
import { RequestSession, type ToldMutation } from "./request-session.ts";
import { asShownToClients, prepareRecords, runPrepared } from "./run-records.ts";
import { identityOf, isClient, isReader } from "./whose.ts";

interface Times {
  idleMs: number;
  mostMs: number;
}

/** Held by the owner's programs, and by an application's users. */
export type RequestTimes = Record<"owner" | "client", Times>;

export const requestTimes = (idleMs: number): RequestTimes => ({
  owner: { idleMs, mostMs: 6 * idleMs },
  client: { idleMs: Math.min(idleMs, 5_000), mostMs: 15_000 },
});

/** Those that wait for a session count too. */
const mostPerDatabase = 50;

interface Held {
  call: RecordCall;
  session: RequestSession;
  /** What was refused; it undoes all. */
  refused: ToldMutation[];
  idle: NodeJS.Timeout | undefined;
  end: NodeJS.Timeout;
  underWay: number;
}

export class OpenRequests {
  readonly #held = new Map<string, Held>();
  readonly #opening = new Map<DatabaseId, number>();
  readonly #times: RequestTimes;
  readonly #holder: string;

  /** @param holder the control plane that holds them, where there are several; their names end in it */
  constructor(times: RequestTimes, holder?: string) {
    this.#times = times;
    this.#holder = holder === undefined ? "" : `-${holder}`;
  }

  /** @throws Y1065 Y4004 */
  async open(call: RecordCall, input: OpenRequestInput, signal?: DepartureSignal): Promise<OpenRequest> {
    const { databaseId } = call.target;
    const opening = this.#opening.get(databaseId) ?? 0;
    if (opening + this.#countOf(databaseId) >= mostPerDatabase) throw tooMany();
    this.#opening.set(databaseId, opening + 1);
    try {
      const begin = beginCommand(
        isReader(call.target) ? { statements: [], ...input, read_only: true } : { statements: [], ...input },
      );
      const { side, frame } = await frameFor(call.context, identityOf(call.target), {
        requestId: call.requestId,
        begin,
        held: true,
      });
      const session = await RequestSession.open(side, frame, signal);
      return this.#hold(call, session);
    } finally {
      this.#opening.set(databaseId, this.#opening.get(databaseId)! - 1);
    }
  }

  #hold(call: RecordCall, session: RequestSession): OpenRequest {
    const id = `${randomBytes(16).toString("hex")}${this.#holder}`;
    const { idleMs, mostMs } = this.#timesOf(call);
    const end = setTimeout(() => void this.#undo(id, expired("it was open for too long")), mostMs);
    const held: Held = { call, session, refused: [], idle: undefined, end, underWay: 0 };
    this.#held.set(id, held);
    this.#watch(id, held);
    return { id, request_id: call.requestId, idle_timeout_ms: idleMs, max_duration_ms: mostMs };
  }

  /** @throws Y1064 when it has ended, or is somebody else's */
  records(id: string, target: QueryTarget, query: RecordQuery, signal?: DepartureSignal): Promise<Buffer[]> {
    return this.#during(id, target, signal, async (held) => {
      const prepared = await prepareRecords(held.call, query);
      try {
        return await runPrepared(held.call, held.session, prepared);
      } catch (error) {
        held.refused.push(...(await describeFailure(held.call, prepared, error)));
        throw error;
      }
    });
  }

  /** Any statement, with its rows and how many they are. @throws Y1064 */
  query(id: string, target: QueryTarget, request: QueryRequest, signal?: DepartureSignal): Promise<Buffer[]> {
    return this.#during(id, target, signal, async ({ call, session }) => {
      checkStatement(request);
      const { context, limits } = call;
      const gated = isClient(target);
      context.shapes.refresh(Date.now());
      const { answerBytes } = gated ? limits.clientLimits : limits.limits;
      const step = new ResultStep({
        shapes: context.shapes,
        budget: new AnswerBudget(answerBytes),
        rowsAsArrays: false,
      });
      try {
        await session.run(request, step, { gated });
      } catch (error) {
        throw gated ? asShownToClients(error) : error;
      }
      if (step.heldDescription) await learnTypes(context.owner, [step]);
      return step.finish("row_count", true);
    });
  }

  /** @throws Y1064, Y1066 when a statement had failed, and what a deferred constraint says */
  async commit(id: string, target: QueryTarget): Promise<EndedRequest> {
    const held = this.#take(id, target);
    try {
      await held.session.commit();
    } catch (error) {
      await this.#settle(held);
      throw error;
    }
    return { id, request_id: held.call.requestId, status: "committed" };
  }

  async rollback(id: string, target: QueryTarget): Promise<EndedRequest> {
    const held = this.#take(id, target);
    await held.session.rollback();
    await this.#settle(held);
    return { id, request_id: held.call.requestId, status: "rolled_back" };
  }

  /** All of a database, or all: before it is taken away, or the daemon stops. */
  async close(databaseId?: DatabaseId): Promise<void> {
    const ids = [...this.#held]
      .filter(([, { call }]) => databaseId === undefined || call.target.databaseId === databaseId)
      .map(([id]) => id);
    await Promise.all(ids.map((id) => this.#undo(id, expired("the database was taken out of service"))));
  }

  /** Who goes while a call is under way leaves no locks behind until it is done: everything is undone at once. */
  async #during<Result>(
    id: string,
    target: QueryTarget,
    signal: DepartureSignal | undefined,
    work: (held: Held) => Promise<Result>,
  ): Promise<Result> {
    const held = this.#find(id, target);
    clearTimeout(held.idle);
    held.underWay++;
    const onAbort = () => void this.#undo(id, requestCanceled());
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await work(held);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      held.underWay--;
      if (this.#held.has(id)) this.#watch(id, held);
    }
  }

  #watch(id: string, held: Held): void {
    clearTimeout(held.idle);
    if (held.underWay > 0) return;
    const { idleMs } = this.#timesOf(held.call);
    held.idle = setTimeout(() => void this.#undo(id, expired("nothing was heard of it")), idleMs);
  }

  async #undo(id: string, because: Error): Promise<void> {
    const held = this.#held.get(id);
    if (!held) return;
    this.#forget(id, held);
    await held.session.abandon(because);
    await this.#settle(held);
  }

  /** What was tried goes into the log. */
  async #settle({ call, session, refused }: Held): Promise<void> {
    await call.attempts.write([...session.told, ...refused]);
  }

  #find(id: string, target: QueryTarget): Held {
    const held = this.#held.get(id);
    if (held && isSameCaller(held.call.target, target)) return held;
    this.#refuseOthers(id);
    throw posternError("Y1064", "There is no such open request.", {
      detail: "It has ended, or nothing was heard of it for too long, and everything was undone.",
      hint: "Run it again from the beginning.",
    });
  }

  /** @throws Y8037 */
  #refuseOthers(id: string): void {
    const [, holder] = /^[0-9a-f]{32}-([a-z0-9_-]{1,63})$/.exec(id) ?? [];
    if (this.#holder === "" || holder === undefined || `-${holder}` === this.#holder) return;
    throw posternError("Y8037", `The open request is held by another control plane: ${holder}.`, {
      hint: "Send all calls of one request to the same control plane, for example by sticky sessions of the load balancer.",
    });
  }

  #take(id: string, target: QueryTarget): Held {
    const held = this.#find(id, target);
    this.#forget(id, held);
    return held;
  }

  #forget(id: string, held: Held): void {
    this.#held.delete(id);
    clearTimeout(held.idle);
    clearTimeout(held.end);
  }

  #countOf(databaseId: DatabaseId): number {
    return [...this.#held.values()].filter(({ call }) => call.target.databaseId === databaseId).length;
  }

  #timesOf({ target }: RecordCall): Times {
    return this.#times[isClient(target) ? "client" : "owner"];
  }
}

/** The name is a secret, and of use only to whom it was given. */
function isSameCaller(one: QueryTarget, other: QueryTarget): boolean {
  if (one.databaseId !== other.databaseId || isClient(one) !== isClient(other)) return false;
  if (!isClient(one) || !isClient(other)) return isReader(one) === isReader(other);
  const [first, second] = [one, other].map(({ claims }) => claims && callerOf(claims));
  return first === second;
}

const expired = (why: string) =>
  posternError("Y1066", `The request was rolled back: ${why}.`, { hint: "Run it again from the beginning." });

const tooMany = () =>
  posternError("Y1065", `${mostPerDatabase} requests of this database are open already.`, {
    hint: "End each with /commit or /rollback as soon as it is done.",
  });
