/** In charge of killing the daemon at a chosen write of an operation, and of bringing the operation to its end after that. */
import type { OperationInfo } from "@postern/sdk/protocol";
import { expectTidyHome } from "./expect-tidy-home.ts";
import type { PosternHome } from "./postern-home.ts";
import { waitUntil } from "./wait-until.ts";
import type { WriteGate } from "./write-gate.ts";

export interface CrashPoint {
  /** The daemon dies at this write of the operation to Postern's own tables. */
  write: number;
  /** Did the write still count? A number: it did, and the daemon lived on for so many milliseconds. */
  end: "commit" | "rollback" | number;
}

export interface CrashScenario {
  title: string;
  /** As Postern's tables call it. */
  kind: string;
  /** Others build on what it makes. */
  isNeeded?: boolean;
  /** Asks for it, and returns its id. Called again and again. */
  begin(): Promise<string>;
  /** What must hold when it has ended. */
  check(operation: OperationInfo): Promise<void>;
}

export interface CrashOutcome {
  /** False: the operation has no such write, and was carried out without a crash. */
  died: boolean;
  /** What the daemon was writing. */
  during: string;
  operation: OperationInfo;
}

export const isOver = ({ status }: OperationInfo): boolean => status !== "pending" && status !== "running";

/** Every write of every operation, and not only chosen ones: `each` in one way, in turn; `all` in each way. */
const scope = process.env.POSTERN_CRASH_POINTS;
export const allPoints = scope === "all" || scope === "each";

/** The points of the suite are chosen, and where there is none only what others build on is done. */
export async function crashAtPoints(
  postern: PosternHome,
  gate: WriteGate,
  scenario: CrashScenario,
  chosen: CrashPoint[],
): Promise<void> {
  if (!allPoints && chosen.length === 0) {
    if (!scenario.isNeeded) return;
    return scenario.check(await waitForEnd(postern, await scenario.begin()));
  }
  for (const point of allPoints ? everyPoint() : chosen) {
    const outcome = await crashAt(postern, gate, scenario, point);
    const where = `write ${point.write}, ${point.end}: ${outcome.during}`;
    if (!outcome.died) {
      if (allPoints) break;
      throw new Error(`${scenario.title} has no write ${point.write}`);
    }
    if (allPoints) console.log(`${scenario.title}: ${where}`);
    try {
      await scenario.check(outcome.operation);
      await expectTidyHome(postern);
    } catch (error) {
      throw new Error(`${scenario.title}, killed at ${where}`, { cause: error });
    }
  }
}

/** With and without the write that was cut off, and a moment after it. */
function* everyPoint(): Generator<CrashPoint> {
  for (let write = 1; ; write += 1) {
    const ends = ["rollback", "commit", Math.round(Math.random() * 150)] as const;
    for (const end of scope === "all" ? ends : [ends[write % 3]!]) yield { write, end };
  }
}

async function crashAt(
  postern: PosternHome,
  gate: WriteGate,
  { kind, begin }: Pick<CrashScenario, "kind" | "begin">,
  { write, end }: CrashPoint,
): Promise<CrashOutcome> {
  await gate.close(kind, write);
  const id = await begin();
  const read = () => postern.api<OperationInfo>("GET", `/v1/operations/${id}`);
  let died = false;
  await waitUntil(
    `write ${write} of ${kind}, or its end`,
    async () => {
      died = await gate.isReached();
      return died || isOver(await read());
    },
    90_000,
  );
  const during = died ? await gate.describe() : "";
  if (died && typeof end === "number") {
    await gate.open("commit");
    await new Promise((resolve) => setTimeout(resolve, end));
  }
  if (died) {
    await postern.stop("SIGKILL");
    if (typeof end !== "number") await gate.open(end);
    await postern.start();
  } else {
    await gate.open("commit");
  }
  return { died, during, operation: await waitForEnd(postern, id) };
}

/**
 * Kills the daemon in a step of an operation, wherever it is in it: in its middle if it takes long enough, else at its end,
 * where the gate holds it (`closeAfter`, before the operation begins). The caller starts another daemon.
 */
export async function killInStep(
  postern: PosternHome,
  gate: WriteGate,
  id: string,
  step: string,
): Promise<void> {
  await waitUntil(
    `the step "${step}" of ${id}`,
    async () => {
      if (await gate.isReached()) return true;
      const operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}`);
      if (isOver(operation)) throw new Error(`${id} has no step "${step}": ${JSON.stringify(operation)}`);
      return operation.steps.some(({ name }) => name === step);
    },
    90_000,
  );
  await postern.stop("SIGKILL");
  await gate.open("rollback");
}

export async function waitForEnd(
  postern: PosternHome,
  id: string,
  timeoutMs = 90_000,
): Promise<OperationInfo> {
  let operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}`);
  await waitUntil(
    `operation ${id} ends: ${JSON.stringify(operation)}`,
    async () => {
      operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=2`);
      return isOver(operation);
    },
    timeoutMs,
  );
  return operation;
}
