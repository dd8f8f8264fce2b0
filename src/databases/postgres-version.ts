/**
 * In charge of the version of Postgres that is asked for: which major is meant, whether it can be had here and where a
 * database of it can be, and having it installed when the first database needs it.
 */
import type { Isolation } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { majorOf } from "../instances/server-toolchain.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance, type InstanceRow } from "../state/instances.ts";

type Place = Pick<Platform, "majors">;

/**
 * The major that `version` names, for example "17"; the usual one when nothing is asked for. It is installed by its first
 * use only. @throws Y3009 naming those that can be had
 */
export async function chooseMajor({ majors }: Place, version?: string): Promise<string> {
  if (version === undefined) return majors.usual;
  const [, major, minor] = /^(\d+)(\.\d+)?$/.exec(version.trim()) ?? [];
  await majors.require(major ?? version);
  if (minor === undefined) return major!;
  const installed = (await majors.find(major!))?.postgresVersion;
  if (installed === undefined || installed === version.trim()) return major!;
  throw posternError("Y3009", `Postgres ${version} cannot be had here: of ${major}, there is ${installed}.`, {
    hint: `Name the major only: ${major}. Its newest release is the one to run.`,
  });
}

/** Another major than the shared server's means a server of its own. @throws Y2060 when that is not wanted */
export function chooseIsolation(
  { majors }: Place,
  major: string,
  wanted: Isolation | undefined,
  usual: Isolation,
): Isolation {
  if (major === majors.usual) return wanted ?? usual;
  if (wanted !== "shared") return wanted ?? "process";
  throw posternError("Y2060", `The shared server runs Postgres ${majors.usual}, and not ${major}.`, {
    hint: "Leave out the isolation: a database of another version gets a server of its own.",
  });
}

/** A database comes to the shared server by a copy, which is of one major. @throws Y2060 */
export async function requireSharedMajor(
  { state }: Pick<Platform, "state">,
  row: DatabaseRow,
): Promise<void> {
  const there = await majorOfServer({ state }, "shared");
  const here = await majorOfServer({ state }, row.instance_id!);
  if (here === there) return;
  throw posternError("Y2060", `The shared server runs Postgres ${there}, and ${row.name} runs ${here}.`, {
    hint:
      Number(here) < Number(there)
        ? `Upgrade it first: postern db upgrade ${row.name} --to ${there}`
        : "It stays on a server of its own.",
  });
}

/** A branch that is promoted brings its server along, which must not be of an older major. @throws Y2060 */
export async function requireMajorOf(
  { state }: Pick<Platform, "state">,
  branch: DatabaseRow,
  parent: DatabaseRow,
): Promise<void> {
  const wanted = await majorOfServer({ state }, parent.instance_id!);
  const there = await majorOfServer({ state }, branch.instance_id!);
  if (Number(there) >= Number(wanted)) return;
  throw posternError("Y2060", `${branch.name} runs Postgres ${there}, and ${parent.name} runs ${wanted}.`, {
    hint: `Upgrade the branch first: postern db upgrade ${branch.name} --to ${wanted}`,
  });
}

export const majorOfServer = async (
  { state }: Pick<Platform, "state">,
  id: InstanceRow["id"],
): Promise<string> => majorOf((await findInstance(state, id))!.version);

/** A step of its own where there is something to install, with what it has done so far. */
export async function havePostgres({ majors }: Place, run: OperationRun, major: string): Promise<void> {
  if (await majors.isReady(major)) return;
  await run.step(`install Postgres ${major}`, () =>
    majors.get(major, (event) => {
      if (event.type === "progress") run.progress(event.done, event.total, event.unit);
    }),
  );
}
