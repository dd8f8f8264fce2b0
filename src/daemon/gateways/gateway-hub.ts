/**
 * In charge of the gateways that are connected: each has a stream by which it hears what it may no longer believe, and
 * whoever changes such a thing waits until all have heard. One that has gone answers from what it remembers for at most a
 * second, so that is waited for as well.
 */
import { sleep } from "../../base/clock.ts";
import type { DatabaseId } from "../../base/id.ts";
import {
  type GatewayEvent,
  type GatewayOrder,
  type GatewayRules,
  obeyWithinMs,
  rememberedMs,
  silenceMs,
  stillHereEveryMs,
} from "./gateway-messages.ts";

export interface Connected {
  id: string;
  tokenId: string;
}

interface Member extends Connected {
  queue: GatewayEvent[];
  wake: () => void;
  orders: Map<number, () => void>;
  isOver: boolean;
}

export class GatewayHub {
  readonly #members = new Map<string, Member>();
  /** Until when those that have gone may still answer from what they remember. */
  #fencedAt = 0;
  #count = 0;

  /** What the gateway is told, until it goes or is told to. */
  async *connect(
    gateway: Connected,
    rules: GatewayRules,
    signal: AbortSignal,
    onStillHere: () => Promise<unknown>,
  ): AsyncGenerator<GatewayEvent> {
    // The same one once more: what it had before is cut off, and it forgets all when it connects.
    const before = this.#members.get(gateway.id);
    if (before) this.#cut(before);
    const member: Member = {
      ...gateway,
      queue: [{ type: "welcome", rules }],
      wake: () => {},
      orders: new Map(),
      isOver: false,
    };
    this.#members.set(gateway.id, member);
    const end = () => this.#cut(member);
    signal.addEventListener("abort", end, { once: true });
    const beat = setInterval(() => {
      tell(member, { type: "still-here" });
      void onStillHere().catch(() => {});
    }, stillHereEveryMs);
    try {
      await onStillHere();
      while (!member.isOver) {
        const event = member.queue.shift();
        if (event) yield event;
        else
          await new Promise<void>((resolve) => {
            member.wake = resolve;
          });
      }
    } finally {
      clearInterval(beat);
      signal.removeEventListener("abort", end);
      this.#cut(member);
    }
  }

  /** Tells all of them, and resolves when none believes any more what it did before. */
  async order(what: GatewayOrder, databaseId: DatabaseId): Promise<void> {
    const goneMs = this.#fencedAt - performance.now();
    await Promise.all([
      goneMs > 0 && sleep(goneMs),
      ...[...this.#members.values()].map((member) => this.#orderOne(member, what, databaseId)),
    ]);
  }

  /** Told to all; nobody waits for it. */
  cancel(digest: string): void {
    for (const member of this.#members.values()) tell(member, { type: "cancel", digest });
  }

  done(gateway: Connected, orders: readonly number[]): void {
    const member = this.#members.get(gateway.id);
    if (member?.tokenId !== gateway.tokenId) return;
    for (const id of orders) member.orders.get(id)?.();
  }

  /** A token was revoked: whoever came by it goes. */
  endToken(tokenId: string): void {
    for (const member of [...this.#members.values()]) if (member.tokenId === tokenId) this.#cut(member);
  }

  /** It has said that it ends: nobody notes any more that it is still here. */
  leave(gateway: Connected): void {
    const member = this.#members.get(gateway.id);
    if (member?.tokenId === gateway.tokenId) this.#cut(member);
  }

  isConnected(id: string): boolean {
    return this.#members.has(id);
  }

  #orderOne(member: Member, what: GatewayOrder, databaseId: DatabaseId): Promise<void> {
    const id = ++this.#count;
    return new Promise((resolve) => {
      // By then it has either noticed that its stream is silent, or hangs and answers nobody.
      const timer = setTimeout(() => this.#cut(member), obeyWithinMs);
      member.orders.set(id, () => {
        clearTimeout(timer);
        member.orders.delete(id);
        resolve();
      });
      tell(member, { type: "order", id, what, databaseId });
    });
  }

  #cut(member: Member): void {
    if (member.isOver) return;
    member.isOver = true;
    if (this.#members.get(member.id) === member) this.#members.delete(member.id);
    const fenced = performance.now() + rememberedMs + silenceMs / 10;
    this.#fencedAt = Math.max(this.#fencedAt, fenced);
    // With its stream went what it believes; what it remembers ends by itself.
    const settle = [...member.orders.values()];
    setTimeout(() => {
      for (const done of settle) done();
    }, fenced - performance.now());
    member.wake();
  }
}

function tell(member: Member, event: GatewayEvent): void {
  member.queue.push(event);
  member.wake();
}
