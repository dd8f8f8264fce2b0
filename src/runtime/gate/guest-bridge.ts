/**
 * In charge of the socket of a server that runs in a guest: whoever comes by it is led to the guest's port, encrypted, with
 * Postern's certificate. The socket's folder lets in only those who may be any role there.
 */
import { readFile, rename, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectEncrypted, type TLSSocket } from "node:tls";
import type { BridgePlan } from "./gate-messages.ts";
import { splice } from "./lead-client.ts";

interface Keys {
  key: string;
  certificate: string;
  /** The one that must be at the other end. */
  peer: string;
}

/** "May we speak encrypted?" in Postgres's protocol. */
const encryptionRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const answerWithinMs = 15_000;

export class GuestBridge {
  readonly plan: BridgePlan;
  readonly #keys: Keys;
  #server: Server | undefined;

  private constructor(plan: BridgePlan, keys: Keys) {
    this.plan = plan;
    this.#keys = keys;
  }

  static async open(plan: BridgePlan): Promise<GuestBridge> {
    const bridge = new GuestBridge(plan, JSON.parse(await readFile(plan.keys, "utf8")) as Keys);
    await bridge.#listen();
    return bridge;
  }

  /** Whoever has been led over stays. */
  close(): void {
    this.#server?.close();
  }

  async #listen(): Promise<void> {
    const { socket } = this.plan;
    const temporary = `${socket}.${process.pid}`;
    await rm(temporary, { force: true });
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      client.on("error", () => client.destroy());
      this.#lead(client).catch(() => client.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path: temporary, backlog: 511 }, resolve);
    });
    server.on("error", () => {});
    // Node deletes the path that it bound when it closes: that must not be the one a successor has taken.
    await rename(temporary, socket);
    this.#server = server;
  }

  async #lead(client: Socket): Promise<void> {
    const { host, port } = this.plan;
    const server = connect({ host, port, noDelay: true });
    const leave = () => server.destroy();
    client.once("close", leave);
    server.setTimeout(answerWithinMs, leave);
    const encrypted = await this.#encrypt(server);
    server.setTimeout(0);
    splice(client, encrypted);
  }

  #encrypt(server: Socket): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.once("close", () => reject(new Error("closed")));
      server.once("connect", () => server.write(encryptionRequest));
      server.once("data", (answer: Buffer) => {
        if (answer.toString("latin1") !== "S") return reject(new Error("not encrypted"));
        const { key, certificate: cert, peer } = this.#keys;
        const encrypted = connectEncrypted({
          socket: server,
          key,
          cert,
          ca: peer,
          minVersion: "TLSv1.3",
          // It is known by its very certificate, and has no name.
          checkServerIdentity: () => undefined,
        });
        encrypted.once("error", reject);
        encrypted.once("secureConnect", () => resolve(encrypted));
      });
    });
  }
}
