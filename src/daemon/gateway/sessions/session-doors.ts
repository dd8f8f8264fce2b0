/** In charge of the ports at which a gateway takes Postgres sessions: who may wait there, who is led where, and how all of it ends. */
import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { sleep } from "../../../base/clock.ts";
import { hasCode, posternError } from "../../../base/error.ts";
import { isLoopback } from "../../../base/listen.ts";
import { describePortHolder } from "../../../base/port-holder.ts";
import type { ServerCertificate } from "../../../http/server-options.ts";
import { greetSession, type SessionStart } from "./greet-session.ts";
import { digestOfKey, LedSession, type Onward } from "./led-session.ts";
import { renderRefusal, SessionRefusal } from "./session-refusal.ts";

export type DoorKind = "pool" | "direct";

export interface SessionDoorsOptions {
  listen: string;
  /** 0: any free one. */
  ports: Record<DoorKind, number>;
  /** Other machines may come without encryption. */
  insecure: boolean;
  certificate: ServerCertificate | null;
  open: Record<DoorKind, (start: SessionStart & { kind: "session" }) => Promise<Onward>>;
  /** Somebody wants to cancel what none of these sessions is at. */
  cancelElsewhere(digest: string): void;
}

/** As many as the pooler of one control plane takes. */
const mostSessions = 5_000;
/** Those that have not said yet what they want, or who they are: of all, and of one address. */
const mostStarting = 500;
const mostStartingOfOne = 100;
const startWithinMs = 20_000;
const cutWithinMs = 1_000;
const lookEveryMs = 20;
const keepAliveMs = 60_000;
const farewellMs = 2_000;

export class SessionDoors {
  readonly #options: SessionDoorsOptions;
  readonly #servers: Server[] = [];
  readonly #sessions: Record<DoorKind, Set<LedSession>> = { pool: new Set(), direct: new Set() };
  readonly #starting = new Map<string, number>();
  /** Of those the ones that have not said yet what they want. */
  readonly #silent = new Set<Socket>();
  #countStarting = 0;
  #secure: SecureContext | undefined;
  #isDraining = false;
  readonly ports: Record<DoorKind, number> = { pool: 0, direct: 0 };

  constructor(options: SessionDoorsOptions) {
    this.#options = options;
    if (options.certificate) this.renewCertificate(options.certificate);
  }

  /** @throws Y0004 when a port is taken */
  async start(): Promise<void> {
    for (const kind of ["pool", "direct"] as const) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        void this.#admit(kind, socket);
      });
      this.#servers.push(server);
      this.ports[kind] = await listenAt(server, this.#options.listen, this.#options.ports[kind]);
    }
  }

  /** For sessions that begin from now on. */
  renewCertificate({ certificate, key }: ServerCertificate): void {
    this.#secure = createSecureContext({ cert: certificate, key, minVersion: "TLSv1.2" });
  }

  count(kind: DoorKind): number {
    return this.#sessions[kind].size;
  }

  /** Another gateway was asked to; who knows the digest does not know the key. */
  async cancel(digest: string): Promise<void> {
    await this.#find(digest)?.cancelOwn();
  }

  /** Takes nobody any more; sessions end between their transactions, and after `graceMs` in the middle of one. */
  async stop(graceMs: number): Promise<void> {
    this.#isDraining = true;
    for (const server of this.#servers) server.close();
    for (const socket of this.#silent) socket.destroy();
    for (const session of this.#all()) session.drain();
    const deadline = performance.now() + graceMs;
    // Those that are being opened become sessions.
    while (this.#all().length + this.#countStarting > 0 && performance.now() < deadline)
      await sleep(lookEveryMs);
    await Promise.all(this.#all().map((session) => session.cut(cutWithinMs)));
  }

  async #admit(kind: DoorKind, socket: Socket): Promise<void> {
    let client = socket;
    socket.on("error", () => socket.destroy());
    socket.setKeepAlive(true, keepAliveMs);
    const address = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
    const ofOne = this.#starting.get(address) ?? 0;
    if (this.#countStarting >= mostStarting || ofOne >= mostStartingOfOne) return void socket.destroy();
    this.#starting.set(address, ofOne + 1);
    this.#countStarting += 1;
    const timer = setTimeout(() => socket.destroy(), startWithinMs);
    try {
      this.#silent.add(socket);
      const start = await greetSession(socket, this.#secure);
      this.#silent.delete(socket);
      client = start.client;
      if (start.kind === "cancel") {
        await this.#cancel(start);
        leave(socket);
      } else await this.#lead(kind, start, address);
    } catch (error) {
      if (!client.destroyed) client.end(renderRefusal(error)).resume();
      leave(socket);
    } finally {
      clearTimeout(timer);
      this.#silent.delete(socket);
      this.#countStarting -= 1;
      const left = this.#starting.get(address)! - 1;
      if (left > 0) this.#starting.set(address, left);
      else this.#starting.delete(address);
    }
  }

  async #lead(kind: DoorKind, start: SessionStart & { kind: "session" }, address: string): Promise<void> {
    const { client } = start;
    if (!start.isEncrypted && !this.#options.insecure && !isLoopback(address))
      throw new SessionRefusal(
        "28000",
        "Sessions from other machines are encrypted here: use sslmode=require.",
      );
    if (this.count("pool") + this.count("direct") >= mostSessions)
      throw new SessionRefusal("53300", "This gateway leads as many sessions as it can.");
    const onward = await this.#options.open[kind](start);
    if (client.destroyed) return void onward.socket.destroy();
    const session = new LedSession(client, onward);
    this.#sessions[kind].add(session);
    void session.ended.then(() => this.#sessions[kind].delete(session));
    if (this.#isDraining) session.drain();
    await session.identified;
  }

  async #cancel({ client, packet }: SessionStart): Promise<void> {
    const digest = digestOfKey(packet.subarray(8));
    const session = this.#find(digest);
    if (session) await session.cancel(packet).catch(() => {});
    else this.#options.cancelElsewhere(digest);
    client.end();
    client.resume();
  }

  #find(digest: string): LedSession | undefined {
    return this.#all().find((session) => session.digest === digest);
  }

  #all(): LedSession[] {
    return [...this.#sessions.pool, ...this.#sessions.direct];
  }
}

/** Whoever was told to go and does not is cut off: nothing counts it any more. */
function leave(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), farewellMs).unref();
  socket.once("close", () => clearTimeout(timer));
}

async function listenAt(server: Server, host: string, port: number): Promise<number> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen({ host, port, backlog: 511 }, resolve);
  });
  try {
    await listening;
  } catch (error) {
    throw hasCode(error, "EADDRINUSE") ? await portTaken(port, host) : error;
  }
  server.removeAllListeners("error");
  server.on("error", () => {});
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

const portTaken = async (port: number, host: string) =>
  posternError("Y0004", `Port ${port} on ${host} is in use by ${await describePortHolder(port)}.`, {
    hint: "Choose others with --pool-port and --direct-port (POSTERN_POOL_PORT, POSTERN_DIRECT_PORT).",
  });
