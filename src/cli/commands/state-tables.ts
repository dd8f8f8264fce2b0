/** In charge of `postern state tables`. */
import type { CommandRun } from "../command-spec.ts";
import { renderGrid } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.text("database"));
  const tables = await (await context.forDatabase(target)).listTrackedTables(target.ref);
  await output.print(tables, () =>
    renderGrid({
      columns: ["TABLE", "RECORDS", "KEY", "MASKED"],
      rows: tables.map(({ table, captures, primary_key: key, masked }) => [
        table,
        captures === "all" ? "every change" : "through /records",
        key.join(", ") || "none",
        masked.join(", "),
      ]),
    }),
  );
  if (tables.length === 0) output.talk("None yet: postern state track TABLE");
  return undefined;
};
