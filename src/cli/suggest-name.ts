/** In charge of what was meant by the name of a database, project or environment that does not exist. */
import { PosternError } from "../base/error.ts";
import type { CliContext } from "./context.ts";

const patienceMs = 1_000;

/** The same error with a nearer hint, where one name is near; whatever goes wrong on the way is not worth a word. */
export async function withSuggestion(error: PosternError, context: CliContext): Promise<PosternError> {
  const wrong = /"([^"]+)"/.exec(error.message)?.[1];
  if (wrong === undefined || !["Y3001", "Y7003", "Y7004"].includes(error.code)) return error;
  if (error.hint?.startsWith("Did you mean")) return error;
  try {
    const { suggest } = await import("../manifest/suggest.ts");
    const tooLate = new Promise<string[]>((resolve) => setTimeout(resolve, patienceMs, []).unref());
    const near = suggest(wrong, await Promise.race([readNames(error.code, context), tooLate]));
    if (near === undefined) return error;
    const hint = `Did you mean "${near}"?`;
    return PosternError.fromBody({ ...error.toBody(), hint }, error.status);
  } catch {
    return error;
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
