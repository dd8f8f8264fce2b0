/** In charge of `postern ops list`. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { readCount } from "../read-count.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const operations = await (await context.account()).listOperations({
    database: input.text("database"),
    limit: readCount(input, "limit"),
  });
  await context.output.print(operations, () =>
    renderColumns(
      operations.map(({ id, kind, status, database_id, created_at }) => [
        id,
        kind,
        status,
        formatTime(created_at),
        database_id ?? "",
      ]),
    ),
  );
  return undefined;
};
