/**
 * In charge of what a deploy, a rollback and a restart have in common: new processes are started beside those that serve,
 * found healthy, and take their place in one transaction; until then what serves is left as it is.
 */
import type { DeployResult, ErrorBody } from "@postern/sdk/protocol";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { inOrder } from "../manifest/plan-pipeline.ts";
import { stopMarked } from "../runtime/marked-processes.ts";
import { readGivenValues } from "../state/given-values.ts";
import { mergeOperationInput } from "../state/operations.ts";
import {
  activateRelease,
  type EnvironmentKey,
  failRelease,
  findEnvironmentReleases,
} from "../state/releases.ts";
import { chooseServing, listProcesses } from "../state/service-processes.ts";
import { awaitHealthy, launchService, stopProcess } from "./launch-service.ts";
import { type ReadValues, type ReleaseContext, readAllValues } from "./release-context.ts";
import { releasePlace } from "./release-layout.ts";
import type { ServiceKeeper } from "./service-keeper.ts";
import { listeningOf } from "./service-ports.ts";

export interface ReleaseWork {
  keeper: ServiceKeeper;
  readValues: ReadValues;
}

export interface ReleaseInput {
  project_id: EnvironmentKey["project_id"];
  environment: string;
  release: number;
  /** What served when it began. */
  previous: number | null;
  /** Written with the activation: from then on there is no way back but forward. */
  switched?: boolean;
  undoing?: ErrorBody;
}

export const keyOf = ({ project_id, environment }: ReleaseInput): EnvironmentKey => ({
  project_id,
  environment,
});

/** What an attempt before has left running. */
export async function stopLeftovers(platform: Platform, run: OperationRun): Promise<void> {
  const key = keyOf(run.row.input as unknown as ReleaseInput);
  const place = releasePlace(platform, key);
  await stopMarked({ home: place.home, uid: place.account.uid, mark: run.id }, 0);
  for (const row of await listProcesses(platform.state, key))
    if (!row.is_serving) await stopProcess(platform, row, 0);
}

/** Starts every service and waits until it is healthy. Returns the marks of their processes. @throws Y7053 Y7057 */
export async function startServices(
  platform: Platform,
  { keeper, readValues }: ReleaseWork,
  run: OperationRun,
  release: ReleaseContext,
): Promise<string[]> {
  const given = await readGivenValues(platform.state, release.key);
  const values = await readAllValues(platform, readValues, release);
  const marks: string[] = [];
  for (const service of inOrder(release.manifest, "service")) {
    await run.step(`start ${service.name}`, async () => {
      const listening = await listeningOf(
        platform,
        release.key,
        service,
        release.variables[service.name] ?? {},
      );
      if (listening.kind === "front") await keeper.openFront(release.key, service.name, listening.port);
      if (listening.kind === "own") await keeper.hold(release.key, service.name);
      const launched = await launchService(platform, release, service, {
        values,
        given,
        listening,
        isServing: false,
      });
      marks.push(launched.mark);
      await awaitHealthy(release, service, launched, { values, signal: run.signal });
    });
  }
  return marks;
}

/** The one moment at which another release serves: in Postern's tables, and so for whatever follows. */
export async function switchTo(
  platform: Platform,
  run: OperationRun,
  { key, row }: ReleaseContext,
  { marks, before }: { marks: string[]; before: "superseded" | "rolled_back" },
): Promise<void> {
  await platform.state.transaction(async (tx) => {
    await chooseServing(tx, key, marks);
    await activateRelease(tx, key, row.number, before);
    await mergeOperationInput(tx, run.id, { switched: true });
  });
  Object.assign(run.row.input, { switched: true });
}

/** A failure before the switch: what was started goes, and what served is there. */
export async function undoChange(
  platform: Platform,
  { keeper }: ReleaseWork,
  run: OperationRun,
): Promise<void> {
  const input = run.row.input as unknown as ReleaseInput;
  const key = keyOf(input);
  if (input.switched !== true) await stopLeftovers(platform, run);
  await keeper.ensure(key);
}

export async function noteFailed(platform: Platform, run: OperationRun): Promise<void> {
  const input = run.row.input as unknown as ReleaseInput;
  if (input.switched === true) return;
  await failRelease(platform.state, keyOf(input), input.release, input.undoing as ErrorBody);
}

export async function resultOf(
  platform: Platform,
  { keeper }: Pick<ReleaseWork, "keeper">,
  { row, key }: ReleaseContext,
  previous: number | null,
): Promise<DeployResult> {
  const active = (await findEnvironmentReleases(platform.state, key))?.active ?? row.number;
  return {
    release: active,
    previous,
    services: keeper.list(key).map(({ service, listening }) => ({
      service: service.name,
      url: listening.kind === "none" ? null : `http://127.0.0.1:${listening.port}`,
    })),
    backup_id: row.backup_id,
  };
}
