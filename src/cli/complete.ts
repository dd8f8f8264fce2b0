/** In charge of `postern __complete WORDS…`, which shells call: fast, and silent whatever goes wrong. */
import { completeWords } from "./complete-words.ts";
import { lookUpNames } from "./look-up-names.ts";

/** A shell waits for this at each press of Tab. */
const patienceMs = 1_000;

export async function complete(words: readonly string[]): Promise<never> {
  // A request that hangs ends with the process.
  const patience = setTimeout(() => process.exit(0), patienceMs + 500);
  try {
    const completion = await completeWords(words, lookUpNames(process.cwd(), patienceMs));
    const lines =
      "paths" in completion
        ? [`:${completion.paths}`]
        : completion.candidates.map(({ word, meaning }) => (meaning === "" ? word : `${word}\t${meaning}`));
    await new Promise<void>((resolve) =>
      process.stdout.write(lines.map((line) => `${line}\n`).join(""), () => resolve()),
    );
  } catch {
    // Nothing to offer.
  }
  clearTimeout(patience);
  process.exit(0);
}
