/** In charge of `postern db inspect nplus1`: statements that single requests ask again and again. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime, plural } from "../format.ts";
import { printable } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const found = await (await context.forDatabase(target)).listNPlusOne(target.ref);
  const { paint } = context.output;
  await context.output.print(found, () =>
    found
      .map(({ message, statement, requests, last_at: at, last_request_id: id }) =>
        [
          `${paint.yellow("!")} ${printable(message)}`,
          `    ${printable(statement)}`,
          `    in ${plural(requests, "request")}, last ${formatTime(at)}`,
          `  → run: postern db trace ${id}`,
        ].join("\n"),
      )
      .join("\n\n"),
  );
  if (found.length === 0) context.output.talk("No request asked the same again and again.");
  return undefined;
};
