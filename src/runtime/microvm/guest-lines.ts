/** In charge of the line to each guest's agent: one at a time is open, and it stays open, so that a guest need not look for it. */
import { sleep } from "../../base/clock.ts";
import { posternError } from "../../base/error.ts";
import type { ServerSpec } from "../runtime.ts";
import { GuestAgent } from "./guest-agent.ts";
import { findGuestPid, guestSockets } from "./guest-layout.ts";
import { endedEarly } from "./launch-machine.ts";

const openWithinMs = 10_000;
/** A word that nobody listened to is made up for by a question. */
const askEveryMs = 1_000;

export class GuestLines {
  readonly #agents = new Map<string, GuestAgent>();
  readonly #opening = new Map<string, Promise<GuestAgent>>();

  /** QEMU hears one line at a time: who asks while another opens it gets the same. @throws Y8105 when the machine is not there. */
  async agent(spec: ServerSpec): Promise<GuestAgent> {
    const open = this.#agents.get(spec.name);
    if (open && !open.isClosed) return open;
    let opening = this.#opening.get(spec.name);
    if (!opening) {
      opening = this.#open(spec).finally(() => this.#opening.delete(spec.name));
      this.#opening.set(spec.name, opening);
    }
    return opening;
  }

  async #open(spec: ServerSpec): Promise<GuestAgent> {
    const deadline = performance.now() + openWithinMs;
    for (;;) {
      try {
        const agent = await GuestAgent.open(guestSockets(spec).agent);
        this.#agents.set(spec.name, agent);
        return agent;
      } catch (error) {
        if (performance.now() > deadline || (await findGuestPid(spec)) === null) throw error;
        await sleep(10);
      }
    }
  }

  drop({ name }: Pick<ServerSpec, "name">): void {
    this.#agents.get(name)?.close();
    this.#agents.delete(name);
  }

  /** Postgres takes clients. @throws Y8104 when the guest ends before that; Y8105 */
  async ready(spec: ServerSpec, agent: GuestAgent, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let isReady = false;
    const hear = (word: string) => {
      if (word === "ready") isReady = true;
    };
    agent.on("word", hear);
    try {
      for (let looks = 0; !isReady; looks++) {
        if (agent.isClosed || (await findGuestPid(spec)) === null) throw await endedEarly(spec);
        if (performance.now() > deadline)
          throw posternError("Y8105", `Postgres in the guest of ${spec.name} does not become ready.`);
        if (looks % (askEveryMs / 10) === 0)
          isReady ||= (await agent.ping().catch(() => "starting")) === "ready";
        if (!isReady) await sleep(10);
      }
    } finally {
      agent.off("word", hear);
    }
  }
}
