/**
 * In charge of what control planes tell each other: notifications of the database that they share. Whoever tells waits until
 * all that are there have done it, and no longer than the time after which they find out by themselves.
 */
import { randomBytes } from "node:crypto";
import { sleep } from "../base/clock.ts";
import type { ControlPlaneId } from "../base/id.ts";
import type { Observe } from "../base/observation.ts";
import type { Queryable } from "../state/state.ts";
import type { Membership } from "./membership.ts";

/** What can be told is JSON, and holds no secret: whoever reads the database could listen. */
export type CopyOrder = (argument: never) => Promise<unknown> | unknown;

type Message =
  | { type: "do"; id: string; from: ControlPlaneId; what: string; argument: unknown }
  | { type: "say"; from: ControlPlaneId; what: string; argument: unknown }
  | { type: "done"; id: string; from: ControlPlaneId };

interface Waiting {
  missing: Set<ControlPlaneId>;
  done(): void;
}

export class CopyOrders {
  readonly #membership: Pick<Membership, "id">;
  readonly #db: Queryable;
  readonly #observe: Observe;
  readonly #orders = new Map<string, CopyOrder>();
  readonly #waiting = new Map<string, Waiting>();
  /** What was done before it was known who has to do it. */
  readonly #early = new Map<string, ControlPlaneId[]>();

  constructor(membership: Pick<Membership, "id">, db: Queryable, observe: Observe) {
    this.#membership = membership;
    this.#db = db;
    this.#observe = observe;
  }

  /** What is done here when another control plane tells it. */
  obey(orders: Readonly<Record<string, CopyOrder>>): void {
    for (const [what, order] of Object.entries(orders)) this.#orders.set(what, order);
  }

  /** Has the others do it; resolves when all have, or after `withinMs`. Never rejects. */
  async tell(what: string, argument: unknown, withinMs: number): Promise<void> {
    const id = randomBytes(8).toString("hex");
    this.#early.set(id, []);
    try {
      const others = await this.#send({ type: "do", id, from: this.#membership.id, what, argument });
      const missing = new Set(others);
      for (const early of this.#early.get(id)!) missing.delete(early);
      if (missing.size > 0) await this.#wait(id, missing, withinMs);
    } catch (error) {
      this.#observe({ type: "fault", where: `telling other control planes: ${what}`, error });
      // They may not have heard of it: what they know grows old in that time.
      await sleep(withinMs);
    } finally {
      this.#early.delete(id);
    }
  }

  /** The same without waiting for anybody. */
  say(what: string, argument: unknown): void {
    this.#send({ type: "say", from: this.#membership.id, what, argument }).catch(() => {});
  }

  hear(payload: string): void {
    const message = parse(payload);
    if (message === undefined || message.from === this.#membership.id) return;
    if (message.type === "done") this.#noteDone(message.id, message.from);
    else void this.#carryOut(message);
  }

  async #carryOut(message: Message & { type: "do" | "say" }): Promise<void> {
    try {
      await this.#orders.get(message.what)?.(message.argument as never);
    } catch (error) {
      this.#observe({ type: "fault", where: `told by another control plane: ${message.what}`, error });
    }
    if (message.type === "do")
      await this.#send({ type: "done", id: message.id, from: this.#membership.id }).catch(() => {});
  }

  #noteDone(id: string, by: ControlPlaneId): void {
    this.#early.get(id)?.push(by);
    const waiting = this.#waiting.get(id);
    if (waiting?.missing.delete(by) && waiting.missing.size === 0) waiting.done();
  }

  async #wait(id: string, missing: Set<ControlPlaneId>, withinMs: number): Promise<void> {
    const over = new AbortController();
    this.#waiting.set(id, { missing, done: () => over.abort() });
    await sleep(withinMs, over.signal).catch(() => {});
    this.#waiting.delete(id);
    if (missing.size > 0)
      this.#observe({
        type: "service",
        service: "control planes",
        event: "failed",
        detail: `${[...missing].join(", ")} did not answer within ${withinMs} ms`,
      });
  }

  /** Returns who is there besides this one. */
  async #send(message: Message): Promise<ControlPlaneId[]> {
    const { rows } = await this.#db.query<{ id: ControlPlaneId }>(
      `select id, pg_notify('postern_copies', $2) from control_planes where gone_at is null and id <> $1`,
      [this.#membership.id, JSON.stringify(message)],
    );
    return rows.map(({ id }) => id);
  }
}

/** Whoever may log in at the database may notify: what is no message of ours must not bring a control plane down. */
function parse(payload: string): Message | undefined {
  try {
    const message = JSON.parse(payload) as Message | null;
    return typeof message?.from === "string" && ["do", "say", "done"].includes(message.type)
      ? message
      : undefined;
  } catch {
    return undefined;
  }
}
