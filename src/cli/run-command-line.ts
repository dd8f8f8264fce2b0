/** In charge of one command from its words to its exit code. */
import { asPosternError } from "../base/error.ts";
import { exitCodeOf } from "../base/error-codes.ts";
import type { Programs } from "../base/programs.ts";
import { commandInput } from "./command-input.ts";
import { createContext } from "./context.ts";
import { createOutput, type Output, readOutputFormat } from "./output.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import { renderError } from "./render-error.ts";

export async function runCommandLine(args: readonly string[], programs: Programs): Promise<number> {
  // Whoever reads only the first lines (`| head`) ends the program, and that is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  let output = createOutput({ format: ownWords(args).includes("--json") ? "json" : "table", color: true });
  try {
    const selected = parseCommandLine(args);
    if (!selected) return 0;
    const input = commandInput(selected.args, selected.options);
    output = createOutput({
      format: readOutputFormat(input, selected.spec.outputIsFile),
      color: selected.options.color !== false,
    });
    const { run } = await selected.spec.load();
    const context = createContext(output, selected.options.input !== false, programs);
    try {
      return (await run(context, input)) ?? 0;
    } catch (thrown) {
      const { withSuggestion } = await import("./suggest-name.ts");
      throw await withSuggestion(asPosternError(thrown), context, ownWords(args));
    }
  } catch (thrown) {
    return reportFailure(output, thrown);
  }
}

function reportFailure(output: Output, thrown: unknown): number {
  const error = asPosternError(thrown);
  const text =
    output.format === "json"
      ? JSON.stringify({ error: error.toBody() })
      : renderError(error, output.talkPaint);
  process.stderr.write(`${text}\n`);
  if (error.code === "Y9001" && process.env.POSTERN_DEBUG) {
    process.stderr.write(`${(error.cause as Error | undefined)?.stack ?? error.stack}\n`);
  }
  return exitCodeOf(error.code);
}

/** What stands behind `--` is another program's. */
function ownWords(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end === -1 ? args : args.slice(0, end);
}
