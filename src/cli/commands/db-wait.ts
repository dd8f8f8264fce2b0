/** In charge of `postern db wait`: until a database is ready. */
import { parseDuration } from "../../base/duration.ts";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { startProgress } from "../progress.ts";
import { requireDatabase } from "../target.ts";
import { renderDatabase } from "./db-info.ts";

const pollMs = 250;

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.forDatabase(target);
  const limit = input.text("timeout") ?? "60s";
  const deadline = performance.now() + parseDuration(limit);
  const progress = startProgress(context.output);
  try {
    for (;;) {
      const info = await control.getDatabase(target.ref);
      progress.update(`${info.name} is ${info.status}`);
      // One that sleeps wakes at the first query: it is as good as ready.
      if (info.status === "paused" || (info.status === "ready" && info.healthy === true)) {
        progress.end();
        await context.output.print(info, () => renderDatabase(info));
        return undefined;
      }
      if (info.status === "failed" || info.status === "destroyed") {
        throw posternError("Y3004", `Database ${info.name} is ${info.status}; it will not become ready.`);
      }
      if (performance.now() > deadline) {
        throw posternError("Y1016", `Database ${info.name} is not ready after ${limit}.`, {
          detail: `It is ${info.status}.`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  } finally {
    progress.end();
  }
};
