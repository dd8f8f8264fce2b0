/** In charge of `postern db migrate --ci`: the form for pipelines and containers, which is told all by its environment. */
import { parseDuration } from "../base/duration.ts";
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";

/** Flags come first; a direct address before one that may lead through a pooler. @throws Y1013 */
export function jobInput(input: CommandInput, environment: NodeJS.ProcessEnv = process.env): CommandInput {
  const named = input.args[0] ?? input.text("dbId");
  const url = input.text("url") ?? (environment.DIRECT_URL || environment.DATABASE_URL || undefined);
  if (named === undefined && url === undefined) {
    throw posternError("Y1013", "--ci needs to know the database.", {
      hint: "Set DATABASE_URL (or DIRECT_URL where that one is a pooler's), or give --url.",
    });
  }
  const defaults: Record<string, string | undefined> = {
    ...(named === undefined ? { url } : {}),
    ...(input.text("path") === undefined ? { dir: environment.MIGRATIONS_DIR || undefined } : {}),
  };
  return { ...input, text: (option) => input.text(option) ?? defaults[option] };
}

export const jobWait = ({ output }: CliContext, input: CommandInput) => ({
  waitMs: parseDuration(input.text("wait") ?? "60s"),
  onWait: (why: string) => output.talk(`Waiting for the database: ${why}`),
});
