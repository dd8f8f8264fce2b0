/** In charge of `postern db inspect requests`: requests over HTTP that were slow, or asked the same again and again. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { formatSpan } from "../inspect/format-value.ts";
import { renderGrid } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const traces = await (await context.forDatabase(target)).listTraces(target.ref);
  await context.output.print(traces, () =>
    traces.length === 0
      ? ""
      : `${renderGrid({
          columns: ["at", "request", "took", "statements", "slow", "asked again and again"],
          rows: traces.map((trace) => [
            formatTime(trace.at),
            trace.request_id,
            formatSpan(trace.duration_ms),
            trace.statement_count,
            trace.slow_count,
            trace.n1_warnings.map(({ table, count }) => `${table} ×${count}`).join(", ") || "–",
          ]),
          rightAligned: [false, false, true, true, true],
        })}\n\n  → run:\n    postern db trace ${traces[0]!.request_id}`,
  );
  if (traces.length === 0)
    context.output.talk("No request was slow, and none asked the same again and again.");
  return undefined;
};
