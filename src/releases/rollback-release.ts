/**
 * In charge of going back: the `rollback` commands of what serves, then the release before it in its place; and of starting a
 * release's services anew.
 */
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import {
  keyOf,
  type ReleaseInput,
  type ReleaseWork,
  resultOf,
  startServices,
  stopLeftovers,
  switchTo,
  undoChange,
} from "./change-release.ts";
import { openRelease, readAllValues } from "./release-context.ts";
import { runCommand } from "./run-command.ts";

export interface RollbackInput extends ReleaseInput {
  /** Of the rollback commands; one that was cut off is run again. */
  commands_done?: number;
}

export const rollbackRelease = (work: ReleaseWork): OperationHandler =>
  serveAgain(work, "rolled_back", (platform, run) => runRollbackCommands(platform, work, run));

/** The same release once more, with the variables of now. */
export const restartServices = (work: ReleaseWork): OperationHandler =>
  serveAgain(work, "superseded", async () => {});

/** A release that was built before is started, and takes the place of what serves. */
const serveAgain = (
  work: ReleaseWork,
  before: "rolled_back" | "superseded",
  prepare: (platform: Platform, run: OperationRun) => Promise<void>,
): OperationHandler => ({
  async run(platform, run) {
    const input = run.row.input as unknown as ReleaseInput;
    const release = await openRelease(platform, keyOf(input), input.release);
    if (input.switched !== true) {
      await stopLeftovers(platform, run);
      await work.keeper.ensure(release.key);
      await prepare(platform, run);
      const marks = await startServices(platform, work, run, release);
      await switchTo(platform, run, release, { marks, before });
    }
    await run.step("switch", () => work.keeper.ensure(release.key));
    return resultOf(platform, work, release, input.previous);
  },
  undo: (platform, run) => undoChange(platform, work, run),
  canCancel: ({ switched }) => switched !== true,
});

/** In the folder of what serves: it knows how to take its own schema back. @throws Y7052 */
async function runRollbackCommands(platform: Platform, work: ReleaseWork, run: OperationRun): Promise<void> {
  const input = run.row.input as unknown as RollbackInput;
  const serving = await openRelease(platform, keyOf(input), input.previous!);
  const values = await readAllValues(platform, work.readValues, serving);
  const { rollback } = serving.manifest;
  if (rollback.length === 0) return;
  await run.step("rollback", async () => {
    for (const [at, command] of rollback.entries()) {
      if (at < (input.commands_done ?? 0)) continue;
      const context = { release: serving, run, values };
      await runCommand(context, { what: "A command of `rollback`", command, service: null });
      await run.remember({ commands_done: at + 1 });
    }
  });
}
