/**
 * In charge of the data-plane workers: as many as configured, started again when they die, asked and told over their
 * channel. They share the daemon's port. The processes can be made before there is anything that they could serve:
 * loading their programs is most of what their start takes.
 */
import cluster, { type Worker } from "node:cluster";
import { fileURLToPath } from "node:url";
import { asPosternError, PosternError, posternError } from "../../base/error.ts";
import type { TokenId } from "../../base/id.ts";
import type { Observe } from "../../base/observation.ts";
import type { ServerCertificate } from "../../http/server-options.ts";
import type { TraceBundle } from "../../insights/trace-bundle.ts";
import type {
  DaemonMessage,
  RequestSummary,
  WorkerMessage,
  WorkerOrders,
  WorkerQuestions,
  WorkerStart,
} from "./worker-messages.ts";

export interface WorkerPoolOptions {
  start: WorkerStart;
  questions: WorkerQuestions;
  observe: Observe;
  noteUse(token: TokenId): void;
  /** Statements that a worker has run. */
  noteStatements(bundle: TraceBundle): void;
  /** Requests that a worker has answered, and logged. */
  count(summaries: readonly RequestSummary[]): void;
}

const program = fileURLToPath(new URL("../../bin/postern-worker.js", import.meta.url));
/** What a request needs is garbage when it is answered: with more room for the young, less of it is carried about. */
const execArgv = ["--max-semi-space-size=64"];
const readyWithinMs = 30_000;
/** A worker that has not done by then what it was told is ended: its sessions end with it. */
const obeyWithinMs = 5_000;
const restartAfterMs = 200;
const mostRestartMs = 5_000;

interface Member {
  worker: Worker;
  /** Orders that it has not done yet. */
  orders: Map<number, (error: unknown) => void>;
  /** Requests that it has not answered yet, as it said last. */
  underWay: number;
  /** Before that it holds nothing that it could be told about, and would not hear it either. */
  listens: boolean;
  /** It takes requests, or will never. */
  ready: Promise<void>;
}

export class WorkerPool {
  /** Undefined until there is something to serve. */
  #options: WorkerPoolOptions | undefined;
  readonly #members = new Set<Member>();
  readonly size: number;
  #count = 0;
  #isStopping = false;

  /** Makes the processes; they wait for `start`. */
  constructor(size: number) {
    this.size = size;
    cluster.setupPrimary({ exec: program, args: [], execArgv, serialization: "advanced", silent: false });
    for (let made = 0; made < size; made += 1) this.#forkOne();
  }

  /** Resolves when all of them take requests. @throws Y0004 when the port is taken */
  async start(options: WorkerPoolOptions): Promise<void> {
    this.#options = options;
    for (const member of this.#members) this.#letServe(member);
    // One that has died by now is missed like any other: another takes its place at once.
    while (this.#members.size < this.size) this.#forkOne();
    await Promise.all([...this.#members].map((member) => this.#inTime(member)));
  }

  /** Tells all of them and waits until it is done everywhere. */
  async order<What extends keyof WorkerOrders>(
    what: What,
    argument: Parameters<WorkerOrders[What]>[0],
  ): Promise<void> {
    const listening = [...this.#members].filter(({ listens }) => listens);
    await Promise.all(listening.map((member) => this.#orderOne(member, what, argument, obeyWithinMs)));
  }

  /** Those that are started from now on get it, too. */
  async renewCertificate(certificate: ServerCertificate): Promise<void> {
    if (this.#options) this.#options.start.certificate = certificate;
    await this.order("renewCertificate", certificate);
  }

  get underWay(): number {
    return [...this.#members].reduce((sum, member) => sum + member.underWay, 0);
  }

  /** What is under way is answered for up to `graceMs`. */
  async stop(graceMs = 5_000): Promise<void> {
    this.#isStopping = true;
    await Promise.all(
      [...this.#members].map(async (member) => {
        // Before the start there is nothing under way, and nobody who would hear an order.
        if (this.#options && member.listens)
          await this.#orderOne(member, "drain", graceMs, graceMs + obeyWithinMs);
        else member.worker.process.kill("SIGKILL");
        await ended(member.worker);
      }),
    );
  }

  #forkOne(): Member {
    const worker = cluster.fork();
    const member: Member = {
      worker,
      orders: new Map(),
      underWay: 0,
      listens: false,
      ready: Promise.resolve(),
    };
    member.ready = new Promise((resolve, reject) => {
      worker.on("message", (message: WorkerMessage) => {
        if (message.type === "hello") {
          member.listens = true;
          this.#letServe(member);
        } else if (message.type === "ready") resolve();
        else if (message.type === "failed") reject(PosternError.fromBody(message.error));
        else this.#hear(member, message);
      });
      worker.on("exit", (code, signal) => {
        reject(posternError("Y0006", "A worker of the data plane ended before it was ready."));
        this.#onExit(member, `exit code ${code ?? signal}`);
      });
    });
    // Whoever waits for it hears of it; before that there is nobody.
    member.ready.catch(() => {});
    worker.on("error", () => {});
    this.#members.add(member);
    return member;
  }

  #letServe({ worker, listens }: Member): void {
    if (listens && this.#options) tell(worker, { type: "start", ...this.#options.start });
  }

  async #inTime({ worker, ready }: Member): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        worker.process.kill("SIGKILL");
        reject(posternError("Y0006", "A worker of the data plane did not start in time."));
      }, readyWithinMs);
    });
    await Promise.race([ready, tooLate]).finally(() => clearTimeout(timer));
  }

  #hear(member: Member, message: WorkerMessage): void {
    switch (message.type) {
      case "ask":
        void this.#answer(member.worker, message);
        break;
      case "done":
        member.orders.get(message.id)?.(message.error && PosternError.fromBody(message.error));
        break;
      case "used":
        this.#options?.noteUse(message.token);
        break;
      case "answered":
        member.underWay = message.underWay;
        this.#options?.count(message.summaries);
        break;
      case "traced":
        this.#options?.noteStatements(message.bundle);
        break;
      case "observed":
        this.#options?.observe(message.observation);
        break;
      default:
    }
  }

  async #answer(worker: Worker, { id, what, argument }: WorkerMessage & { type: "ask" }): Promise<void> {
    try {
      tell(worker, { type: "answer", id, value: await this.#options!.questions[what](argument as never) });
    } catch (error) {
      tell(worker, { type: "answer", id, error: asPosternError(error).toBody() });
    }
  }

  #orderOne(member: Member, what: keyof WorkerOrders, argument: unknown, withinMs: number): Promise<void> {
    const { worker, orders } = member;
    const id = ++this.#count;
    return new Promise((resolve) => {
      const timer = setTimeout(() => worker.process.kill("SIGKILL"), withinMs);
      orders.set(id, (error) => {
        clearTimeout(timer);
        orders.delete(id);
        if (error) this.#options?.observe({ type: "fault", where: `worker ${what}`, error });
        resolve();
      });
      tell(worker, { type: "order", id, what, argument });
    });
  }

  /** With it went its sessions, so whatever it was told is as good as done. */
  #onExit(member: Member, detail: string): void {
    const wasMissed = !this.#members.delete(member);
    for (const done of [...member.orders.values()]) done(undefined);
    if (wasMissed || this.#isStopping || !this.#options) return;
    const { observe } = this.#options;
    observe({ type: "service", service: "data-plane worker", event: "died", detail });
    this.#replaceSoon(restartAfterMs);
  }

  /** Until one serves: what keeps it from that now (Postern's own tables, the port) may be over in a moment. */
  #replaceSoon(afterMs: number): void {
    setTimeout(() => {
      if (this.#isStopping || this.#members.size >= this.size) return;
      const member = this.#forkOne();
      this.#inTime(member).catch((error) => {
        this.#options?.observe({ type: "fault", where: "data-plane worker", error });
        // One that has died is missed already.
        if (!this.#members.delete(member)) return;
        member.worker.process.kill("SIGKILL");
        this.#replaceSoon(Math.min(afterMs * 2, mostRestartMs));
      });
    }, afterMs);
  }
}

const tell = (worker: Worker, message: DaemonMessage): void => {
  if (worker.isConnected()) worker.send(message, () => {});
};

const ended = (worker: Worker): Promise<void> =>
  new Promise((resolve) => {
    if (worker.isDead()) resolve();
    else worker.once("exit", () => resolve());
  });
