/** In charge of a made-up name that another database has already: another one is made up. */
import { hasCode } from "../base/error.ts";
import { inventName } from "./name-rules.ts";

const attempts = 10;

/** @param given by the user, who is told when it is taken */
export async function withInventedName<Result>(
  given: string | undefined,
  work: (name: string) => Promise<Result>,
  invent: () => string = inventName,
): Promise<Result> {
  if (given !== undefined) return work(given);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(invent());
    } catch (error) {
      if (attempt === attempts || !hasCode(error, "Y3002")) throw error;
    }
  }
}
