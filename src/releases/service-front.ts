/**
 * In charge of the port at which a service is reached: connections are led to whichever process serves now, those that are
 * open stay with the one that they began with, and a process that is just being started again is waited for.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { sleep } from "../base/clock.ts";

interface Lead {
  port: number;
  client: Socket;
  /** When bytes last went through, and whether they were the client's: then an answer is due. */
  at: number;
  answerDue: boolean;
}

const patienceMs = 10_000;
/** Shorter: where nothing new comes, the old one is asked. */
const pauseMs = 5_000;
const settleMs = 2_000;
const quietMs = 250;

export class ServiceFront {
  readonly port: number;
  readonly #listen: string;
  #target: number | null = null;
  #pausedUntil = 0;
  #server: Server | undefined;
  readonly #leads = new Set<Lead>();

  constructor(port: number, listen = "127.0.0.1") {
    this.port = port;
    this.#listen = listen;
  }

  /** @throws when the port is in use */
  async open(): Promise<void> {
    if (this.#server) return;
    const server = createServer({ allowHalfOpen: true }, (client) => void this.#lead(client));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, this.#listen, () => resolve());
    });
    server.on("error", () => {});
    this.#server = server;
  }

  leadTo(port: number | null): void {
    if (port !== this.#target) this.#pausedUntil = 0;
    this.#target = port;
  }

  /** New connections wait until another process serves, or for a while. Resolves when what is under way has its answer. */
  async pause(): Promise<void> {
    const begun = performance.now();
    this.#pausedUntil = begun + settleMs + pauseMs;
    while (!this.#areQuiet(this.#target) && performance.now() < begun + settleMs) await sleep(25);
    this.#pausedUntil = performance.now() + pauseMs;
  }

  /** Resolves when nothing is under way to that port any more, or after `mostMs`; then what is left is cut. */
  async drain(port: number, mostMs: number): Promise<void> {
    const deadline = performance.now() + mostMs;
    while (!this.#areQuiet(port) && performance.now() < deadline) await sleep(25);
    for (const { client } of this.#leadsTo(port)) client.destroy();
  }

  #leadsTo(port: number | null): Lead[] {
    return [...this.#leads].filter((lead) => lead.port === port);
  }

  #areQuiet(port: number | null): boolean {
    const now = performance.now();
    return this.#leadsTo(port).every((lead) => !lead.answerDue && now - lead.at > quietMs);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const { client } of this.#leads) client.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async #lead(client: Socket): Promise<void> {
    client.on("error", () => client.destroy());
    client.pause();
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const port = performance.now() < this.#pausedUntil ? null : this.#target;
      const upstream = port === null ? undefined : await open(port);
      if (upstream && port !== null) return this.#splice(client, upstream, port);
      if (client.destroyed || !this.#server || performance.now() > deadline) return void client.destroy();
      await sleep(50);
    }
  }

  #splice(client: Socket, upstream: Socket, port: number): void {
    const lead: Lead = { port, client, at: performance.now(), answerDue: true };
    this.#leads.add(lead);
    const note = (answerDue: boolean) => () => Object.assign(lead, { at: performance.now(), answerDue });
    client.on("data", note(true));
    upstream.on("data", note(false));
    const end = () => {
      this.#leads.delete(lead);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.setNoDelay(true).once("close", end);
    upstream.on("error", end);
    client.pipe(upstream);
    upstream.pipe(client);
  }
}

const open = (port: number): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
  });
