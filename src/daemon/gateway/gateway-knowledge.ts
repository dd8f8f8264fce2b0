/** In charge of what a gateway's workers are told: asked of the control plane, and forgotten when that says so. */
import { posternError } from "../../base/error.ts";
import type { DatabaseId } from "../../base/id.ts";
import type { GatewayEvent, GatewayPlace } from "../gateways/gateway-messages.ts";
import type { WorkerQuestions } from "../workers/worker-messages.ts";
import type { WorkerPool } from "../workers/worker-pool.ts";
import type { ControlLink } from "./control-link.ts";
import type { GatewayRelays } from "./gateway-relays.ts";

type Order = Extract<GatewayEvent, { type: "order" }>;

export class GatewayKnowledge {
  readonly #link: Pick<ControlLink, "ask">;
  readonly #relays: GatewayRelays;
  readonly #pool: Pick<WorkerPool, "order">;
  /** Databases that were opened here since the stream came. */
  readonly #opened = new Set<DatabaseId>();

  constructor(link: Pick<ControlLink, "ask">, relays: GatewayRelays, pool: Pick<WorkerPool, "order">) {
    this.#link = link;
    this.#relays = relays;
    this.#pool = pool;
  }

  readonly questions: WorkerQuestions = {
    knownTokens: (databaseId) => this.#link.ask("knownTokens", databaseId),
    findClientAccess: (databaseId) => this.#link.ask("findClientAccess", databaseId),
    openClientAccess: (databaseId) => this.#link.ask("openClientAccess", databaseId),
    prepareLog: (databaseId) => this.#link.ask("prepareLog", databaseId),
    readLogin: (user) => this.#link.ask("readLogin", user),
    findDatabaseId: (innerName) => this.#link.ask("findDatabaseId", innerName),
    isHere: async (databaseId) => (await this.#placeOf(databaseId)).type === "here",
    findAddress: async (databaseId) => {
      const place = await this.#placeOf(databaseId);
      if (place.type === "here") return this.#relays.open(databaseId, place);
      // It was here a moment ago: the next request is forwarded.
      void this.#pool.order("drainDatabase", databaseId);
      throw posternError("Y3004", `Database ${databaseId} is being moved.`, {
        hint: "Try again in a moment.",
      });
    },
  };

  /** Done when no worker believes any more what it did before. */
  async obey({ what, databaseId }: Order): Promise<void> {
    if (what === "forgetTokens" || what === "closeClients") return this.#pool.order(what, databaseId);
    await this.#relays.forget(databaseId);
    this.#opened.delete(databaseId);
    // New sessions are to look the database up again: its server, or its password, may be another one.
    await this.#pool.order(what === "closeDatabase" ? what : "drainDatabase", databaseId);
  }

  /**
   * Nobody has said for a while what may no longer be believed. Workers hear it before the answer to whatever they ask from now on;
   * requests that are under way there are not waited for here, since nothing could be asked meanwhile.
   */
  async forgetAll(): Promise<void> {
    const opened = [...this.#opened];
    this.#opened.clear();
    await Promise.all(
      opened.map(async (databaseId) => {
        await this.#relays.forget(databaseId);
        void this.#pool.order("drainDatabase", databaseId);
      }),
    );
  }

  async #placeOf(databaseId: DatabaseId): Promise<GatewayPlace> {
    const place = await this.#link.ask("place", databaseId);
    if (place.type === "here") this.#opened.add(databaseId);
    return place;
  }
}
