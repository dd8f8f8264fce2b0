/**
 * In charge of the gate as the daemon sees it: started or taken over, told which doors there are, heard when a server is
 * wanted. What was said is said again to a gate that had to be started anew.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf, posternError } from "../../base/error.ts";
import { findServerPid, readCommandLine, signalProcess, waitForExit } from "../live-process.ts";
import { portTakenError } from "../port-taken.ts";
import type { RelayPlan } from "../relay/relay-plan.ts";
import type { ServerAccount } from "../server-account.ts";
import { spawnServer } from "../spawn-server.ts";
import {
  type BridgePlan,
  controlSocket,
  type DoorPlan,
  type GateAnswer,
  type GateOrder,
  type GateRequest,
  gateProtocol,
} from "./gate-messages.ts";

export interface GateProcessOptions {
  /** The gate's own folder. */
  directory: string;
  logFile: string;
  account: ServerAccount;
  /** Where it is, if not beside this code. */
  program?: string | undefined;
}

const ownProgram = fileURLToPath(new URL("../../bin/postern-gate.js", import.meta.url));
/** Room for what it holds; the bytes that it leads through are no garbage of its own. */
const execArgv = ["--max-semi-space-size=4", "--max-old-space-size=512"];
const startWithinMs = 10_000;
const answerWithinMs = 15_000;

export class Gate {
  #onWanted: ((name: string) => void) | undefined;
  /** Wanted before anybody listened. */
  readonly #wanted = new Set<string>();
  readonly #options: GateProcessOptions;
  readonly #doors = new Map<string, DoorPlan>();
  /** Ways to registered servers. */
  readonly #relays = new Map<string, RelayPlan>();
  readonly #bridges = new Map<string, BridgePlan>();
  /** Ways of an earlier daemon that this one does not know yet. */
  #expected: readonly string[] = [];
  readonly #pending = new Map<number, { resolve(): void; reject(error: Error): void }>();
  /** Doors that the gate has not confirmed. */
  readonly #unserved = new Set<string>();
  #socket: Socket | undefined;
  #count = 0;

  constructor(options: GateProcessOptions) {
    this.#options = options;
  }

  /** Starts it or takes over the one that runs, and tells it all doors. For the supervisor. @throws Y4013 */
  async start(): Promise<number> {
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    let pid = await this.findPid();
    if (pid !== null && !(await this.#speaksOurs(pid))) {
      await stopGate(this.#options.directory);
      pid = null;
    }
    pid ??= await this.#launch();
    await this.#connect();
    await this.#keepKnown();
    for (const plan of this.#relays.values()) await this.#ask({ type: "relay", plan });
    await Promise.allSettled([...this.#bridges.values()].map((plan) => this.bridge(plan)));
    // A port that another program has taken is the trouble of one database.
    await Promise.allSettled([...this.#doors.values()].map((plan) => this.serve(plan)));
    return pid;
  }

  /** These ways stay until `settle`, known or not: the gate leads to Postern's own tables, which know of the others. */
  expect(names: readonly string[]): void {
    this.#expected = names;
  }

  settle(): Promise<void> {
    this.expect([]);
    return this.#keepKnown();
  }

  #keepKnown(): Promise<void> {
    const known = [this.#doors, this.#relays, this.#bridges].flatMap((plans) => [...plans.keys()]);
    return this.#ask({ type: "keep", names: [...known, ...this.#expected] });
  }

  /** @param onWanted hears which server is wanted: somebody waits for it */
  listen(onWanted: (name: string) => void): void {
    this.#onWanted = onWanted;
    for (const name of this.#wanted) onWanted(name);
    this.#wanted.clear();
  }

  findPid(): Promise<number | null> {
    return findGatePid(this.#options.directory);
  }

  isHeld(name: string): boolean {
    return this.#doors.get(name)?.held === true;
  }

  door(name: string): DoorPlan | undefined {
    return this.#doors.get(name);
  }

  /** Notes a door without telling: for a gate that is about to start. */
  note(plan: DoorPlan): void {
    this.#doors.set(plan.name, plan);
  }

  /** Orders reach it. */
  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  get isNeeded(): boolean {
    return this.#doors.size + this.#relays.size + this.#bridges.size > 0;
  }

  /** Makes the socket of a server in a guest. @throws Y4013 */
  async bridge(plan: BridgePlan): Promise<void> {
    this.#bridges.set(plan.name, plan);
    await this.#ask({ type: "bridge", plan });
  }

  async unbridge(name: string): Promise<void> {
    if (this.#bridges.delete(name)) await this.#ask({ type: "unbridge", name });
  }

  /** @throws Y4013 when the gate does not answer; Y4014 when another program has the port: the door is open all the same */
  async serve(plan: DoorPlan): Promise<void> {
    this.#doors.set(plan.name, plan);
    this.#unserved.add(plan.name);
    await this.#ask({ type: "serve", plan }).catch(async (error: { detail?: string }) => {
      if (plan.tcp === null || !/EADDRINUSE/.test(error.detail ?? "")) throw error;
      throw await portTakenError(plan.name, plan.tcp.port);
    });
    if (this.#doors.get(plan.name) === plan) this.#unserved.delete(plan.name);
  }

  noteRelay(plan: RelayPlan): void {
    this.#relays.set(plan.name, plan);
  }

  /** The way to a registered server, if there is one. */
  relay(name: string): RelayPlan | undefined {
    return this.#relays.get(name);
  }

  get hasRelays(): boolean {
    return this.#relays.size > 0;
  }

  /** Makes the way, or changes it. @throws Y4013 */
  async serveRelay(plan: RelayPlan): Promise<void> {
    this.#relays.set(plan.name, plan);
    await this.#ask({ type: "relay", plan });
  }

  /** With which passwords a role logs in there, the newest first. @throws Y4013 */
  async setLogin(name: string, role: string, passwords: string[] | null): Promise<void> {
    const plan = this.#relays.get(name);
    if (!plan) return;
    if (passwords === null) delete plan.logins[role];
    else plan.logins[role] = passwords;
    await this.#ask({ type: "login", name, role, passwords });
  }

  /** Doors that could not be had; each is tried again. */
  async serveFailed(): Promise<void> {
    if (!this.#socket) return;
    const plans = [...this.#unserved]
      .map((name) => this.#doors.get(name))
      .filter((plan) => plan !== undefined);
    const ends = await Promise.allSettled(plans.map((plan) => this.serve(plan)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** Tells those who wait. */
  async fail(name: string, message: string): Promise<void> {
    await this.#ask({ type: "fail", name, message });
  }

  async drop(name: string): Promise<void> {
    this.#unserved.delete(name);
    const wasThere = this.#doors.delete(name);
    if (this.#relays.delete(name) || wasThere) await this.#ask({ type: "drop", name });
  }

  #ask(order: GateOrder): Promise<void> {
    const socket = this.#socket;
    if (!socket) return Promise.reject(unanswered("it is not running"));
    const id = ++this.#count;
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(unanswered("it takes too long")), answerWithinMs);
      const settle = () => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      this.#pending.set(id, {
        resolve() {
          settle();
          resolve();
        },
        reject(error) {
          settle();
          reject(error);
        },
      });
      socket.write(`${JSON.stringify({ ...order, id } satisfies GateRequest)}\n`);
    });
  }

  #hear(answer: GateAnswer): void {
    if (answer.type === "wanted") {
      if (this.#onWanted) this.#onWanted(answer.name);
      else this.#wanted.add(answer.name);
      return;
    }
    const pending = this.#pending.get(answer.id);
    if (answer.error === undefined) pending?.resolve();
    else pending?.reject(unanswered(answer.error));
  }

  async #connect(): Promise<void> {
    this.#socket?.destroy();
    const socket = await connectTo(join(this.#options.directory, controlSocket));
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    lines.on("line", (line) => this.#hear(JSON.parse(line) as GateAnswer));
    lines.on("error", () => {});
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      for (const { reject } of [...this.#pending.values()]) reject(unanswered("it has ended"));
    });
  }

  async #launch(): Promise<number> {
    const { directory, logFile, account, program = ownProgram } = this.#options;
    await rm(join(directory, "gate.pid"), { force: true });
    const identity = account.separate ? [String(account.uid), String(account.gid)] : [];
    const args = [...execArgv, program, directory, String(gateProtocol), ...identity];
    // It reads its own code first, which the servers' user may not be able to; then it goes on as that user.
    const child = spawnServer(process.execPath, args, { account: { ...account, separate: false }, logFile });
    let ended = false;
    child.once("exit", () => (ended = true));
    child.once("error", () => (ended = true));
    const deadline = performance.now() + startWithinMs;
    while ((await this.findPid()) === null) {
      if (ended || performance.now() > deadline)
        throw unanswered(
          `it did not start: ${(await readFile(logFile, "utf8").catch(() => "")).slice(-500)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return child.pid!;
  }

  async #speaksOurs(pid: number): Promise<boolean> {
    return (await readCommandLine(pid))?.includes(` ${this.#options.directory} ${gateProtocol} `) === true;
  }
}

/** Ends the gate and the sessions that it leads; nothing to do when it is not running. */
export async function stopGate(directory: string): Promise<void> {
  const pid = await findGatePid(directory);
  if (pid === null) return;
  signalProcess(pid, "SIGTERM");
  const isAlive = async () => (await findGatePid(directory)) === pid;
  if (await waitForExit(isAlive, 3_000)) return;
  signalProcess(pid, "SIGKILL");
  await waitForExit(isAlive, 3_000);
}

async function findGatePid(directory: string): Promise<number | null> {
  return findServerPid(join(directory, "gate.pid"), ` ${directory} `);
}

const connectTo = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path)
      .once("connect", () => resolve(socket))
      .once("error", (error) => reject(unanswered(messageOf(error))));
  });

const unanswered = (detail: string) =>
  posternError("Y4013", "The gate of sleeping servers does not answer.", {
    detail,
    hint: "It is started again within a second; try again.",
  });
