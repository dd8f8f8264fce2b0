/** In charge of `postern db wait`: until a database is ready. */

import type { DatabaseInfo } from "@postern/sdk/protocol";
import { parseDuration } from "../../base/duration.ts";
import { hasCode, posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { startProgress } from "../progress.ts";
import { requireTarget } from "../target.ts";
import { renderDatabase } from "./db-info.ts";

const pollMs = 250;

export const run: CommandRun = async (context, input) => {
  const target = await requireTarget(context, input, input.args[0]);
  const limit = input.text("timeout") ?? "60s";
  const deadline = performance.now() + parseDuration(limit);
  const wanted = input.text("status") ?? "ready";
  if (target.kind === "url") return waitForServer(context, target.url, { wanted, deadline });
  const control = await context.forDatabase(target);
  const progress = startProgress(context.output);
  try {
    for (;;) {
      const info = await control.getDatabase(target.ref);
      progress.update(`${info.name} is ${info.status}`);
      if (isReached(info, wanted)) {
        progress.end();
        await context.output.print(info, () => renderDatabase(info));
        return undefined;
      }
      if (info.status === "failed" || info.status === "destroyed") {
        throw posternError("Y3004", `Database ${info.name} is ${info.status}; it will not become ${wanted}.`);
      }
      if (performance.now() > deadline) {
        throw posternError("Y1016", `Database ${info.name} is not ${wanted} after ${limit}.`, {
          detail: `It is ${info.status}.`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  } finally {
    progress.end();
  }
};

function isReached({ status, healthy }: DatabaseInfo, wanted: string): boolean {
  if (wanted !== "ready" && wanted !== "active") return status === wanted;
  // One that sleeps wakes at the first query: it is as good as ready.
  return status === "paused" || (status === "ready" && healthy === true);
}

/** An address is ready once a session can be had there. @throws Y1013, and what the last attempt met */
async function waitForServer(
  { output }: CliContext,
  url: string,
  { wanted, deadline }: { wanted: string; deadline: number },
): Promise<undefined> {
  if (wanted !== "ready" && wanted !== "active")
    throw posternError("Y1013", `An address can be waited for until it is ready, not until it is ${wanted}.`);
  const { readServerFacts, renderServerFacts } = await import("../read-server-facts.ts");
  const progress = startProgress(output);
  try {
    for (;;) {
      progress.update("Postgres does not answer yet");
      const facts = await readServerFacts(url).catch((error: unknown) => {
        // A password that is wrong stays wrong.
        if (!isStarting(error) || performance.now() > deadline) throw error;
        return undefined;
      });
      if (facts) {
        progress.end();
        await output.print(facts, () => renderServerFacts(facts));
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  } finally {
    progress.end();
  }
}

const isStarting = (error: unknown): boolean =>
  ["Y4001", "57P03", "53300"].some((code) => hasCode(error, code));
