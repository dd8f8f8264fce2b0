/**
 * In charge of one server's door. While the server runs, clients are led through; while it sleeps they wait, and the
 * first that really asks for something makes it wanted. Nobody is refused in between.
 */
import { rename, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { isLoopback } from "../../base/listen.ts";
import { isCancelRequest, startFailure } from "./first-message.ts";
import { type DoorPlan, doorSocket } from "./gate-messages.ts";
import { leadClient, type Upstream } from "./lead-client.ts";

/** How long a port that another still holds is tried again: the server that had it may be about to end. */
const bindWithinMs = 3_000;
/** A server that runs but does not answer is being started again by the supervisor. */
const retryWithinMs = 15_000;
const retryEveryMs = 20;
/** Whoever connects to a sleeping server and says nothing does not wake it, and may not stay for ever either. */
const silentMs = 60_000;

export class Door {
  #plan: DoorPlan;
  #held: boolean;
  #isWanted = false;
  #isClosed = false;
  /** With what takes each of them out of waiting. */
  readonly #waiting = new Map<Socket, () => void>();
  #socket: Server | undefined;
  #ports: Server[] = [];
  #moving: Promise<void> = Promise.resolve();
  readonly #onWanted: () => void;

  constructor(plan: DoorPlan, onWanted: () => void) {
    this.#plan = { ...plan, tcp: null };
    this.#held = plan.held;
    this.#onWanted = onWanted;
  }

  get directory(): string {
    return this.#plan.directory;
  }

  /** Listens where the plan says, and lets nothing go that it still says. @throws what the operating system says */
  async follow(plan: DoorPlan): Promise<void> {
    this.#plan = { ...plan, tcp: this.#plan.tcp };
    if (plan.held) this.#held = true;
    this.#socket ??= await this.#bindSocket();
    if (!plan.held) this.#open();
    else if (this.#isWanted) this.#onWanted();
    // Last: whoever came by the socket does not wait for a port that another program has.
    this.#moving = this.#moving.catch(() => {}).then(() => this.#listenAt(plan.tcp));
    await this.#moving;
  }

  async #listenAt(tcp: DoorPlan["tcp"]): Promise<void> {
    if (JSON.stringify(tcp) === JSON.stringify(this.#plan.tcp)) return;
    this.#plan.tcp = null;
    for (const server of this.#ports.splice(0)) server.close();
    for (const host of tcp?.addresses ?? []) this.#ports.push(await this.#bind({ host, port: tcp!.port }));
    this.#plan.tcp = tcp;
  }

  async #bindSocket(): Promise<Server> {
    const path = join(this.#plan.directory, doorSocket);
    const temporary = `${path}.${process.pid}`;
    await rm(temporary, { force: true });
    // Node deletes the path that it bound when it closes: that must not be the one a successor has taken.
    const server = await this.#bind({ path: temporary });
    await rename(temporary, path);
    return server;
  }

  #open(): void {
    this.#held = false;
    this.#isWanted = false;
    for (const client of this.#takeWaiting()) void this.#lead(client);
  }

  fail(message: string): void {
    this.#isWanted = false;
    for (const client of this.#takeWaiting()) client.end(startFailure(message));
  }

  /** Whoever has been led in stays. */
  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
    for (const server of this.#ports.splice(0)) server.close();
    for (const client of this.#takeWaiting()) client.destroy();
  }

  async #bind(address: { path: string } | { host: string; port: number }): Promise<Server> {
    const deadline = performance.now() + bindWithinMs;
    for (;;) {
      try {
        return await listenOn(address, (client) => this.#admit(client));
      } catch (error) {
        const inUse = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
        if (!inUse || this.#isClosed || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }

  #admit(client: Socket): void {
    client.on("error", () => client.destroy());
    if (this.#held) this.#keepWaiting(client);
    else void this.#lead(client);
  }

  /** A look at the port does not wake the server: only whoever says something does. */
  #keepWaiting(client: Socket): void {
    const silence = setTimeout(() => client.destroy(), silentMs);
    const onReadable = () => {
      clearTimeout(silence);
      client.removeListener("readable", onReadable);
      const first = client.read() as Buffer | null;
      if (first === null) client.destroy();
      // There is nothing to cancel in a server that sleeps.
      else if (isCancelRequest(first)) client.end();
      else {
        client.unshift(first);
        this.#want();
      }
    };
    const leave = () => {
      clearTimeout(silence);
      client.removeListener("readable", onReadable);
      client.removeListener("close", leave);
      this.#waiting.delete(client);
    };
    this.#waiting.set(client, leave);
    client.on("close", leave);
    client.on("readable", onReadable);
  }

  #want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#onWanted();
  }

  #takeWaiting(): Socket[] {
    const clients = [...this.#waiting.keys()];
    for (const leave of [...this.#waiting.values()]) leave();
    return clients;
  }

  async #lead(client: Socket): Promise<void> {
    const deadline = performance.now() + retryWithinMs;
    while (!client.destroyed) {
      if (await leadClient(client, this.#upstreamOf(client))) return;
      if (this.#isClosed || performance.now() > deadline)
        client.end(startFailure("The server does not answer."));
      else if (this.#held) this.#keepWaiting(client);
      else {
        await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
        continue;
      }
      return;
    }
  }

  /**
   * Who came by TCP goes on by TCP: over the unix socket Postgres takes everyone at their word. Who came from another
   * machine arrives from an address that the server's rules do not take for this machine's own.
   */
  #upstreamOf(client: Socket): Upstream {
    const { directory, upstream } = this.#plan;
    const peer = client.remoteAddress?.replace(/^::ffff:/, "");
    if (peer === undefined) return { path: join(directory, `.s.PGSQL.${upstream.port}`) };
    if (isLoopback(peer)) return upstream;
    return { ...upstream, localAddress: foreignAddress };
  }
}

/** Stands for all other machines. */
const foreignAddress = "127.0.0.3";

function listenOn(
  address: { path: string } | { host: string; port: number },
  admit: (client: Socket) => void,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, admit);
    server.once("error", reject);
    server.listen({ ...address, backlog: 511 }, () => {
      server.removeListener("error", reject);
      server.on("error", () => {});
      resolve(server);
    });
  });
}
