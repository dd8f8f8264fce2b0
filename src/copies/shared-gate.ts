/** In charge of the gates of all control planes knowing the same logins to registered servers. */
import { Gate } from "../runtime/gate/gate.ts";
import type { CopyOrders } from "./copy-orders.ts";

/** Who is left behind follows the tables within seconds. */
const withinMs = 2_000;

export class SharedGate extends Gate {
  #orders: CopyOrders | undefined;

  /** Before this it is the gate of one daemon. */
  share(orders: CopyOrders): void {
    this.#orders = orders;
  }

  override async setLogin(name: string, role: string, passwords: string[] | null): Promise<void> {
    await super.setLogin(name, role, passwords);
    // Never the password itself: the others read it where it is sealed.
    await this.#orders?.tell("way.login", { instance: name, role }, withinMs);
  }

  /** What another control plane has done. */
  followLogin(name: string, role: string, passwords: string[] | null): Promise<void> {
    return super.setLogin(name, role, passwords);
  }
}
