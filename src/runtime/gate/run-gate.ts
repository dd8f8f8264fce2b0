/**
 * In charge of the gate: a process of its own that holds the doors of servers which may sleep, and the ways to servers
 * that were registered. It outlives the daemon as
 * the servers do: sessions that it leads go on, and who wants a sleeping server waits until a daemon is there to wake it.
 */
import { rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { messageOf } from "../../base/error.ts";
import { Relay } from "../relay/relay.ts";
import type { RelayPlan } from "../relay/relay-plan.ts";
import { Door } from "./door.ts";
import {
  type BridgePlan,
  controlSocket,
  type DoorPlan,
  type GateAnswer,
  type GateOrder,
  type GateRequest,
} from "./gate-messages.ts";
import { GuestBridge } from "./guest-bridge.ts";

export interface GateOptions {
  /** Its own folder: the control socket and the pid file. */
  directory: string;
  /** The servers' user, when the gate is started as root: it goes on as that one. */
  account: { uid: number; gid: number } | null;
}

export async function runGate({ directory, account }: GateOptions): Promise<void> {
  // A terminal that interrupts the daemon's group must not end the sessions of its servers.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
  const gate = new Gate();
  const control = join(directory, controlSocket);
  await rm(control, { force: true });
  const server = createServer((socket) => gate.obey(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(control, resolve);
  });
  await writeFile(join(directory, "gate.pid"), `${process.pid}\n`);
  if (account === null) return;
  process.setgroups?.([account.gid]);
  process.setgid?.(account.gid);
  process.setuid?.(account.uid);
}

class Gate {
  readonly #doors = new Map<string, Door>();
  readonly #relays = new Map<string, Relay>();
  readonly #bridges = new Map<string, GuestBridge>();
  /** The daemon of now. */
  #daemon: Socket | undefined;

  obey(daemon: Socket): void {
    this.#daemon?.destroy();
    this.#daemon = daemon;
    daemon.on("error", () => daemon.destroy());
    const lines = createInterface({ input: daemon });
    lines.on("line", (line) => void this.#answer(JSON.parse(line) as GateRequest));
    // A daemon that is killed breaks the connection, which the reader of lines says once more.
    lines.on("error", () => {});
  }

  async #answer(request: GateRequest): Promise<void> {
    try {
      await this.#carryOut(request);
      this.#tell({ type: "done", id: request.id });
    } catch (error) {
      this.#tell({ type: "done", id: request.id, error: messageOf(error) });
    }
  }

  async #carryOut(order: GateOrder): Promise<void> {
    switch (order.type) {
      case "serve":
        return this.#serve(order.plan);
      case "keep":
        for (const name of [...this.#doors.keys(), ...this.#relays.keys()])
          if (!order.names.includes(name)) this.#drop(name);
        for (const name of [...this.#bridges.keys()]) if (!order.names.includes(name)) this.#unbridge(name);
        return;
      case "relay":
        return this.#relay(order.plan);
      case "login":
        return this.#relays.get(order.name)?.setLogin(order.role, order.passwords);
      case "bridge":
        return this.#bridge(order.plan);
      case "unbridge":
        return this.#unbridge(order.name);
      case "drop":
        return this.#drop(order.name);
      default:
        return this.#doors.get(order.name)?.fail(order.message);
    }
  }

  /** A door that is there stays: its listeners, and who waits. */
  async #serve(plan: DoorPlan): Promise<void> {
    const { name } = plan;
    let door = this.#doors.get(name);
    if (door?.directory !== plan.directory) {
      this.#drop(name);
      door = new Door(plan, () => this.#tell({ type: "wanted", name }));
      this.#doors.set(name, door);
    }
    await door.follow(plan);
  }

  async #relay(plan: RelayPlan): Promise<void> {
    let relay = this.#relays.get(plan.name);
    if (relay?.directory !== plan.directory) {
      this.#drop(plan.name);
      relay = new Relay(plan);
      this.#relays.set(plan.name, relay);
    }
    await relay.follow(plan);
  }

  /** The new one takes the place of the old: there is no moment without a socket. */
  async #bridge(plan: BridgePlan): Promise<void> {
    const before = this.#bridges.get(plan.name);
    this.#bridges.set(plan.name, await GuestBridge.open(plan));
    before?.close();
  }

  #unbridge(name: string): void {
    this.#bridges.get(name)?.close();
    this.#bridges.delete(name);
  }

  #drop(name: string): void {
    this.#doors.get(name)?.close();
    this.#doors.delete(name);
    this.#relays.get(name)?.close();
    this.#relays.delete(name);
  }

  #tell(answer: GateAnswer): void {
    if (this.#daemon?.writable) this.#daemon.write(`${JSON.stringify(answer)}\n`);
  }
}
