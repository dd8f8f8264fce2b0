/**
 * In charge of the version of Postgres that is asked for: which major is meant, whether it can be had here and where a
 * database of it can be, and having it installed when the first database needs it.
 */
import type { Isolation } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";

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
  if (wanted !== "shared") return "process";
  throw posternError("Y2060", `The shared server runs Postgres ${majors.usual}, and not ${major}.`, {
    hint: "Leave out the isolation: a database of another version gets a server of its own.",
  });
}

/** A step of its own where there is something to install, with what it has done so far. */
export async function havePostgres({ majors }: Place, run: OperationRun, major: string): Promise<void> {
  if (await majors.isReady(major)) return;
  await run.step(`install Postgres ${major}`, () =>
    majors.get(major, (event) => {
      if (event.type === "progress") run.progress(event.done, event.total, event.unit);
    }),
  );
}
