/**
 * In charge of this daemon's place among control planes that share their tables. One session holds it: by an advisory lock,
 * by a sign of life twice a second, and, for one of them, by the lock of the leader. Whoever cannot show a sign of life stops
 * acting before the others take over what it was at.
 */
import { performance } from "node:perf_hooks";
import pg from "pg";
import { messageOf, posternError } from "../base/error.ts";
import { type ControlPlaneId, newControlPlaneId } from "../base/id.ts";
import type { Observe } from "../base/observation.ts";
import type { Service } from "../base/service.ts";
import {
  beat,
  buryControlPlanes,
  type ControlPlaneRow,
  holdPlace,
  insertControlPlane,
  leavePlace,
  sessionName,
  tryToLead,
} from "../state/control-planes.ts";
import type { State } from "../state/state.ts";
import { BoundServices, type MakeServices } from "./bound-services.ts";

const beatEveryMs = 500;
/** Without an answer for so long it acts no more; the others wait longer than that. */
const lostAfterMs = 5_000;
/** The same where the session is known to have ended. */
const cutAfterMs = 2_000;
/** Who has just come back looks at the others for a while first: after a failover of the database all come back at once. */
const watchFirstMs = 3_500;
const channel = "postern_copies";

export interface MembershipOptions {
  state: State;
  connection: pg.ClientConfig;
  facts: Pick<ControlPlaneRow, "name" | "version" | "address">;
  observe: Observe;
}

export class Membership implements Service {
  readonly name = "control planes";
  readonly #options: MembershipOptions;
  readonly #during = new BoundServices();
  readonly #leading = new BoundServices();
  #id: ControlPlaneId = newControlPlaneId();
  #session: { client: pg.Client; since: number } | undefined;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #holds = false;
  #leads = false;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #burial: Promise<void> | undefined;
  #listener: (payload: string) => void = () => {};
  #onReturn: () => void = () => {};

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Another one after each time that the others have given it up. */
  get id(): ControlPlaneId {
    return this.#id;
  }

  get leads(): boolean {
    return this.#leads;
  }

  /** What runs while it has a place. Before `start`. */
  duringPlace(make: MakeServices): void {
    this.#during.add(make);
  }

  /** What one of them does for all. Before `start`. */
  whileLeading(make: MakeServices): void {
    this.#leading.add(make);
  }

  /** @param onReturn a session was opened: what was said meanwhile was not heard */
  listen(listener: (payload: string) => void, onReturn: () => void): void {
    this.#listener = listener;
    this.#onReturn = onReturn;
  }

  async start(): Promise<void> {
    await this.#enter();
    await this.#during.begin(this.#id);
    this.#timer = setInterval(() => {
      this.#checkTime();
      this.#round ??= this.#beat()
        .catch((error: unknown) => this.#drop(messageOf(error)))
        .finally(() => {
          this.#round = undefined;
        });
      this.#burial ??= this.#bury()
        .catch(() => {})
        .finally(() => {
          this.#burial = undefined;
        });
    }, beatEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await Promise.all([this.#round, this.#burial]);
    const held = this.#holds;
    this.#holds = false;
    await Promise.all([this.#leading.end("Postern is stopping"), this.#during.end("Postern is stopping")]);
    // What it was at has ended, so nothing has to be waited for.
    if (held) await this.#options.state.transaction((tx) => leavePlace(tx, this.#id)).catch(() => {});
    await this.#session?.client.end().catch(() => {});
    this.#session = undefined;
  }

  async #enter(): Promise<void> {
    const { state, facts, connection, observe } = this.#options;
    if (!this.#holds) {
      this.#id = newControlPlaneId();
      await insertControlPlane(state, { id: this.#id, ...facts });
    }
    const client = new pg.Client({
      ...connection,
      application_name: sessionName(this.#id),
      connectionTimeoutMillis: 8_000,
      query_timeout: 3_000,
    });
    client.on("error", (error) => this.#sessionEnded(client, messageOf(error)));
    client.on("end", () => this.#sessionEnded(client, "it was closed"));
    client.on("notification", ({ payload }) => this.#listener(payload ?? ""));
    const askedAt = performance.now();
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      const place = await holdPlace(client as never, this.#id);
      if (place === "gone") this.#lose("the others have taken over");
      // Tried again in a moment, for as long as the place counts.
      if (place !== "held") throw posternError("Y8034", "This control plane's place is not free.");
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.#session = { client, since: askedAt };
    this.#confirmedAt = askedAt;
    this.#onReturn();
    if (this.#holds) return;
    this.#holds = true;
    observe({ type: "service", service: this.name, event: "ready", detail: this.#id });
  }

  async #beat(): Promise<void> {
    if (!this.#session) return this.#comeBack();
    const { client } = this.#session;
    const askedAt = performance.now();
    if (!(await beat(client as never, this.#id))) {
      this.#lose("the others have taken over");
      return this.#drop("its place was given up");
    }
    this.#confirmedAt = askedAt;
    if (this.#leads || !this.#holds || !(await tryToLead(client as never, this.#id))) return;
    this.#leads = true;
    this.#options.observe({ type: "service", service: this.name, event: "leads", detail: this.#id });
    // Signs of life do not wait for it.
    this.#leading.begin(this.#id).catch((error: unknown) => this.#drop(messageOf(error)));
  }

  async #comeBack(): Promise<void> {
    const held = this.#holds;
    await this.#enter();
    if (!held) this.#during.begin(this.#id).catch((error: unknown) => this.#lose(messageOf(error)));
  }

  async #bury(): Promise<void> {
    const { state, observe } = this.#options;
    if (!this.#session || performance.now() - this.#session.since < watchFirstMs) return;
    const gone = await state.transaction((tx) => buryControlPlanes(tx, this.#id));
    for (const id of gone) observe({ type: "service", service: this.name, event: "gone", detail: id });
  }

  #checkTime(): void {
    if (!this.#holds) return;
    const limitMs = this.#session ? lostAfterMs : cutAfterMs;
    if (performance.now() - this.#confirmedAt > limitMs) this.#lose("its database does not answer");
  }

  /** It acts no more; the next session begins with another id. */
  #lose(reason: string): void {
    if (!this.#holds) return;
    this.#holds = false;
    this.#options.observe({ type: "service", service: this.name, event: "lost", detail: reason });
    void this.#during.end(reason);
    // The next one is of another id, so its session is another one, too.
    this.#drop(reason);
  }

  #stopLeading(reason: string): void {
    if (!this.#leads) return;
    this.#leads = false;
    void this.#leading.end(reason);
  }

  #drop(reason: string): void {
    const { client } = this.#session ?? {};
    this.#session = undefined;
    // The lock of the leader has gone with the session, or goes with it.
    this.#stopLeading(reason);
    client?.end().catch(() => {});
  }

  #sessionEnded(client: pg.Client, reason: string): void {
    if (this.#session?.client === client) this.#drop(reason);
  }
}
