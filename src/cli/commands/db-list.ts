/** In charge of `postern db list`. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatTime } from "../format.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const destroyed = input.flag("destroyed");
  const databases = await (await context.account()).listDatabases({ destroyed: destroyed || undefined });
  // Who has none needs no column of them.
  const hasEnvironments = databases.some(({ environment }) => environment !== null);
  await output.print(databases, () =>
    renderColumns(
      underParents(databases).map(({ database, depth }) => [
        `${"  ".repeat(depth)}${database.status === "ready" ? output.paint.green("•") : output.paint.dim("•")} ${database.name}`,
        database.status,
        database.class,
        database.size_bytes === null ? "" : formatBytes(database.size_bytes),
        ...(hasEnvironments ? [environmentOf(database)] : []),
        database.id,
        destroyed && database.recoverable_until !== null
          ? `until ${formatTime(database.recoverable_until)}`
          : database.host,
      ]),
    ),
  );
  for (const { name, warnings } of databases)
    for (const warning of warnings) output.warn(`${name}: ${warning}`);
  if (databases.length === 0) {
    output.talk(destroyed ? "Nothing can be brought back." : "No databases yet. Run `postern db create`.");
  }
  return undefined;
};

const environmentOf = ({ environment }: DatabaseInfo): string =>
  environment ? `${environment.project}/${environment.name}` : "";

/** Branches stand under what they are branches of, where that is in the list. */
function underParents(databases: readonly DatabaseInfo[]): { database: DatabaseInfo; depth: number }[] {
  const ids = new Set(databases.map(({ id }) => id));
  const below = (parent: string | null, depth: number): { database: DatabaseInfo; depth: number }[] =>
    databases
      .filter(({ parent_id }) => (parent_id !== null && ids.has(parent_id) ? parent_id : null) === parent)
      .flatMap((database) => [{ database, depth }, ...below(database.id, depth + 1)]);
  return below(null, 0);
}
