/** In charge of those who wait for an operation hearing of it whichever control plane is at it. */
import type { OperationId } from "../base/id.ts";
import { OperationEvents } from "../instances/operation-events.ts";
import type { CopyOrders } from "./copy-orders.ts";

const togetherMs = 50;
/** A notification holds 8,000 bytes; whoever is left out looks for himself once a second. */
const most = 200;

export class SharedOperationEvents extends OperationEvents {
  readonly #orders: CopyOrders;
  readonly #moved = new Set<OperationId>();
  #isWaiting = false;

  constructor(orders: CopyOrders) {
    super();
    this.#orders = orders;
    orders.obey({
      moved: (ids: OperationId[]) => {
        for (const id of ids) super.announce(id);
      },
      cancel: (id: OperationId) => super.cancel(id),
    });
  }

  override announce(id: OperationId): void {
    super.announce(id);
    this.#moved.add(id);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      this.#orders.say("moved", [...this.#moved].slice(0, most));
      this.#moved.clear();
    }, togetherMs);
  }

  override cancel(id: OperationId): void {
    super.cancel(id);
    this.#orders.say("cancel", id);
  }
}
