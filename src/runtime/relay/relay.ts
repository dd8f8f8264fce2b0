/**
 * In charge of the way to one registered server: a socket like those of Postern's own servers, at which everything of
 * Postern's comes in as any role. Each session is logged in with the role's password, over TLS where that is asked for;
 * then bytes go both ways, and nothing is looked at.
 */
import { rename, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { messageOf } from "../../base/error.ts";
import type { ServerError } from "../../postgres/wire/server-error.ts";
import { splice } from "../gate/lead-client.ts";
import { type ClientStart, readClientStart } from "./client-start.ts";
import { DialFailure, dialServer } from "./dial-server.ts";
import { loginPassword } from "./login-password.ts";
import { type OpenedSession, openSession, ReadOnlyServer, type SessionWish } from "./open-session.ts";
import { patienceMs, type RelayPlan } from "./relay-plan.ts";

const retryEveryMs = 250;

/** Asks for the plan once more, where it may be out of date: a password that is refused, a server that is not there. */
export type RefreshPlan = (user: string) => Promise<void>;

export class Relay {
  #plan: RelayPlan;
  readonly #refresh: RefreshPlan | undefined;
  #server: Server | undefined;
  #isClosed = false;
  readonly #clients = new Set<Socket>();
  /** Where each session that can be canceled is. */
  readonly #sessions = new Map<string, OpenedSession>();

  constructor(plan: RelayPlan, refresh?: RefreshPlan) {
    this.#plan = plan;
    this.#refresh = refresh;
  }

  get directory(): string {
    return this.#plan.directory;
  }

  /** Sessions that are open stay as they are. */
  async follow(plan: RelayPlan): Promise<void> {
    this.#plan = plan;
    this.#server ??= await this.#listen();
  }

  setLogin(role: string, passwords: string[] | null): void {
    if (passwords === null) delete this.#plan.logins[role];
    else this.#plan.logins[role] = passwords;
  }

  close(): void {
    this.#isClosed = true;
    this.#server?.close();
    for (const client of this.#clients) client.destroy();
  }

  async #listen(): Promise<Server> {
    const path = join(this.#plan.directory, ".s.PGSQL.5432");
    const temporary = `${path}.${process.pid}`;
    await rm(temporary, { force: true });
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#admit(client));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ path: temporary, backlog: 511 }, resolve);
    });
    server.on("error", () => {});
    await rename(temporary, path);
    return server;
  }

  #admit(client: Socket): void {
    client.on("error", () => client.destroy());
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client));
    this.#lead(client).catch((error: unknown) => client.end(refusal("57P03", messageOf(error))));
  }

  async #lead(client: Socket): Promise<void> {
    const start = await readClientStart(client);
    if (!start) client.destroy();
    else if (start.type === "cancel") await this.#cancel(client, start.message);
    else await this.#open(client, start);
  }

  async #open(client: Socket, { parameters }: ClientStart & { type: "session" }): Promise<void> {
    const deadline = performance.now() + patienceMs;
    let refresh = this.#refresh;
    for (;;) {
      try {
        const session = await openSession(this.#wishOf(parameters));
        if (client.destroyed || this.#isClosed) session.socket.destroy();
        else this.#join(client, session);
        return;
      } catch (error) {
        const gone = client.destroyed || this.#isClosed;
        if (!gone && refresh && mayBeOutdated(error)) {
          await refresh(parameters.user ?? "").catch(() => {});
          refresh = undefined;
          continue;
        }
        if (gone || !passes(error) || performance.now() + retryEveryMs > deadline) {
          client.end(explain(error, parameters.user ?? ""));
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
      }
    }
  }

  #join(client: Socket, session: OpenedSession): void {
    const key = keyOf(session.processId, session.secret);
    this.#sessions.set(key, session);
    client.once("close", () => this.#sessions.delete(key));
    client.write(session.greeting);
    splice(client, session.socket);
  }

  #wishOf({ user = "", database, ...settings }: Record<string, string>): SessionWish {
    const { maintenanceDatabase, databases, aliases, hosts, tls, logins, loginKey } = this.#plan;
    const role = aliases[user] ?? user;
    const isMaintenance = database === undefined || database === "postgres";
    return {
      hosts,
      tls,
      user: role,
      passwords: logins[role] ?? (loginKey === "" ? [] : [loginPassword(loginKey, role)]),
      parameters: {
        ...settings,
        database: isMaintenance ? maintenanceDatabase : (databases?.[database] ?? database),
      },
    };
  }

  async #cancel(client: Socket, message: Buffer): Promise<void> {
    const session = this.#sessions.get(keyOf(message.readInt32BE(8), message.toString("hex", 12)));
    if (session) {
      const socket = await dialServer(session.host, this.#plan.tls);
      socket.end(message);
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
    }
    client.end();
  }
}

const keyOf = (processId: number, secret: string): string => `${processId} ${secret}`;

const mayBeOutdated = (error: unknown): boolean =>
  error instanceof DialFailure || (error as ServerError).code === "28P01";

/** A server on its way up or down, a cluster that chooses another leader. */
function passes(error: unknown): boolean {
  if (error instanceof ReadOnlyServer) return true;
  if (error instanceof DialFailure) return error.kind === "unreachable";
  return ["57P03", "57P01", "57P02", "53300"].includes((error as ServerError).code);
}

/** For programs the code that means "not now"; what the server itself says is handed on. */
function explain(error: unknown, user: string): Buffer {
  const { code } = error as ServerError;
  if (code === "28P01")
    return refusal(
      "28P01",
      `password authentication failed for user "${user}": the one that Postern knows is not the server's`,
    );
  if (error instanceof Error && error.name === "ServerError") return refusal(code, messageOf(error));
  return refusal("57P03", messageOf(error));
}

function refusal(code: string, message: string): Buffer {
  const fields = Buffer.from(["SFATAL", "VFATAL", `C${code}`, `M${message}`, "", ""].join("\0"));
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, fields]);
}
