/** In charge of asking people, where there is somebody to ask. */
import { text } from "node:stream/consumers";
import { posternError } from "../base/error.ts";

export interface Prompt {
  /** @throws Y1014 naming the flag where nobody can be asked, Y1015 when the answer is no */
  confirm(question: string): Promise<void>;
  /** A word that has to be typed. @throws `refusal` where nobody can be asked, Y1015 for another word */
  typed(question: string, word: string, refusal: Error): Promise<void>;
  /** From the variable, from stdin (`-`), or asked for without echo. @throws Y1014 */
  password(question: string, options: { variable: string; confirm?: boolean }): Promise<string>;
  /** @throws Y1014 with this hint where nobody can be asked */
  choose(question: string, choices: { value: string; label: string }[], hint: string): Promise<string>;
}

export function createPrompt(mayAsk: boolean): Prompt {
  const isInteractive =
    mayAsk && process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env.CI;
  const load = () => import("@clack/prompts");
  const answered = <Answer>(answer: Answer | symbol): Answer => {
    // A symbol is what ^C answers.
    if (typeof answer === "symbol") throw declined();
    return answer as Answer;
  };
  return {
    async confirm(question) {
      if (!isInteractive) {
        throw posternError("Y1014", "This needs a confirmation, and nobody can be asked.", {
          detail: question,
          hint: "Add --yes if you are sure.",
        });
      }
      const { confirm } = await load();
      const yes = await confirm({ message: question, initialValue: false, output: process.stderr });
      if (answered<boolean>(yes) !== true) throw declined();
    },
    async typed(question, word, refusal) {
      if (!isInteractive) throw refusal;
      const { text: ask } = await load();
      if (answered<string>(await ask({ message: question, output: process.stderr })) !== word)
        throw declined();
    },
    async password(question, options) {
      const given = process.env[options.variable];
      if (given !== undefined && given !== "") return given;
      if (!isInteractive) {
        const piped = process.stdin.isTTY ? "" : await text(process.stdin);
        const line = piped.split(/\r?\n/, 1)[0]!;
        if (line !== "") return line;
        throw posternError("Y1014", `${question} is needed, and nobody can be asked.`, {
          hint: `Set ${options.variable}, or pipe it to stdin.`,
        });
      }
      const { password } = await load();
      const ask = async (message: string) =>
        answered<string>(await password({ message, output: process.stderr }));
      const first = await ask(question);
      if (options.confirm && (await ask("Once more")) !== first) {
        throw posternError("Y1013", "The two passwords differ.", { hint: "Try again." });
      }
      return first;
    },
    async choose(question, choices, hint) {
      if (!isInteractive) throw posternError("Y1014", `${question} Nobody can be asked.`, { hint });
      const { select } = await load();
      return answered<string>(await select({ message: question, options: choices, output: process.stderr }));
    },
  };
}

const declined = () => posternError("Y1015", "Nothing was done.", { detail: "The answer was no." });
