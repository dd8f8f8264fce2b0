/** In charge of `postern db pause`: now, or by itself after a while. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { parseDuration } from "../../base/duration.ts";
import type { CommandRun } from "../command-spec.ts";
import { startProgress } from "../progress.ts";
import { requireDatabase } from "../target.ts";
import { renderDatabase } from "./db-info.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const after = input.text("after");
  if (after !== undefined) {
    const info = await control.setPauseRules(target.ref, { after_seconds: secondsOf(after) });
    output.success(describeRule(info));
    await output.print(info, () => renderDatabase(info));
    return undefined;
  }
  const progress = startProgress(output);
  progress.update("Waiting for what runs to end");
  try {
    const info = await control.pauseDatabase(target.ref);
    progress.end();
    output.success(`${info.name} is paused; whoever wants it wakes it`);
    await output.print(info, () => renderDatabase(info));
  } finally {
    progress.end();
  }
  return undefined;
};

function secondsOf(text: string): number | null {
  if (text === "default") return null;
  return text === "off" ? 0 : parseDuration(text) / 1_000;
}

const describeRule = ({ name, pause_after_seconds: seconds }: DatabaseInfo): string =>
  seconds === null
    ? `${name} does not sleep by itself`
    : `${name} sleeps after ${seconds} s without a statement`;
