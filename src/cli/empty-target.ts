/** In charge of emptying the database that a command names: what a reset and a wipe have in common. */
import type { DatabaseInfo, OperationInfo, ResetResult, WipeRequest } from "@postern/sdk/protocol";
import type pg from "pg";
import { PosternError, posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import { confirmDestruction } from "./confirm-destruction.ts";
import { withPostgresAt } from "./connect-postgres.ts";
import type { CliContext } from "./context.ts";
import { plural } from "./format.ts";
import { describeUrl } from "./postgres-address.ts";

export interface EmptiedByUrl {
  url: string;
  dropped: number;
  /** Tables and views of other owners, which are left. */
  left: string[];
}

/** Asks first. Answers what the request is to say of the snapshot. */
export async function confirmEmptying(
  context: CliContext,
  input: CommandInput,
  verb: string,
  info: DatabaseInfo,
): Promise<WipeRequest> {
  const skipSnapshot = input.flag("skipSnapshot");
  const fate =
    info.class !== "db.p1" && !skipSnapshot
      ? "A snapshot is taken first; then all data is destroyed."
      : "This will destroy all data, for good.";
  await confirmDestruction(context, input, info, `${verb} database ${info.name} (${info.id})? ${fate}`);
  return skipSnapshot ? { skip_snapshot: true } : {};
}

/** Whatever the operation kept, and why it failed if it did. */
export function readEnd(ended: OperationInfo): { result: unknown; error?: PosternError } {
  if (ended.error) return { result: ended.result, error: PosternError.fromBody(ended.error) };
  if (ended.status === "completed") return { result: ended.result };
  return { result: ended.result, error: posternError("Y3011", `Operation ${ended.id} was ${ended.status}.`) };
}

/** Over a connection of the command's own: there is no snapshot, and the database itself stays. */
export async function emptyByUrl<Result>(
  context: CliContext,
  input: CommandInput,
  url: string,
  verb: string,
  then: (client: pg.Client, emptied: EmptiedByUrl) => Promise<Result>,
): Promise<Result> {
  const place = describeUrl(url);
  const fate = "Everything in it that this role owns will be destroyed, without a snapshot.";
  const info = { name: place, environment: null };
  await confirmDestruction(context, input, info, `${verb} ${place}? ${fate}`);
  return withPostgresAt(url, async (client) => {
    const { emptyDatabase } = await import("../postgres/empty-database.ts");
    const emptied = { url: place, ...(await emptyDatabase(client)) };
    if (emptied.left.length > 0) {
      const names = emptied.left.slice(0, 5).join(", ");
      const more = emptied.left.length > 5 ? ", …" : "";
      context.output.warn(`Left: ${plural(emptied.left.length, "table")} of other owners (${names}${more})`);
    }
    return then(client, emptied);
  });
}

export function tellSnapshot({ output }: CliContext, { snapshot_id: id }: ResetResult): void {
  if (id !== null) output.talk(`  What was there before is in ${id}: postern db backup restore ${id}`);
}
