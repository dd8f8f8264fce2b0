/** In charge of what was meant by the name of a database, project or environment that does not exist. */
import { PosternError } from "../base/error.ts";
import type { CliContext } from "./context.ts";

const patienceMs = 1_000;

const withHint = (failure: PosternError, hint: string): PosternError =>
  PosternError.fromBody({ ...failure.toBody(), hint }, failure.status);

/**
 * The same error with a nearer hint, where one name is near; whatever goes wrong on the way is not worth a word.
 * @param args of the command line
 */
export async function withSuggestion(
  failure: PosternError,
  context: CliContext,
  args: readonly string[],
): Promise<PosternError> {
  if (failure.code === "Y3001" || (failure.code === "Y1013" && failure.message.includes("named twice"))) {
    const { suggestSubcommand } = await import("./suggest-words.ts");
    const hint = suggestSubcommand(args);
    if (hint !== undefined) return withHint(failure, hint);
  }
  const wrong = /"([^"]+)"/.exec(failure.message)?.[1];
  if (wrong === undefined || !["Y3001", "Y7003", "Y7004"].includes(failure.code)) return failure;
  if (failure.hint?.startsWith("Did you mean")) return failure;
  try {
    const { suggest } = await import("../manifest/suggest.ts");
    const tooLate = new Promise<string[]>((resolve) => setTimeout(resolve, patienceMs, []).unref());
    const near = suggest(wrong, await Promise.race([readNames(failure.code, context), tooLate]));
    if (near === undefined) return failure;
    return withHint(failure, `Did you mean "${near}"?`);
  } catch {
    return failure;
  }
}

async function readNames(code: string, context: CliContext): Promise<string[]> {
  const control = await context.account();
  if (code === "Y3001") return (await control.listDatabases()).map(({ name }) => name);
  const projects = await control.listProjects();
  return code === "Y7003"
    ? projects.map(({ name }) => name)
    : [...new Set(projects.flatMap(({ environments }) => environments))];
}
