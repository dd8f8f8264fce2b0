/** In charge of what is typed or pasted for something else than the prompt: the data of COPY … FROM STDIN, an answer. */
import type { Paint } from "../output.ts";
import { History } from "./history.ts";
import { LineEditor } from "./line-editor.ts";
import type { Terminal } from "./terminal.ts";

/** Up to a line with \\. or ^D. @throws at ^C: nothing of it is to be stored */
export async function* readTypedData(
  terminal: Terminal,
  paint: Paint,
  ended: AbortSignal,
): AsyncGenerator<Buffer> {
  const editor = new LineEditor({
    terminal,
    history: new History(),
    paint,
    prompt: () => paint.dim("» "),
    complete: () => undefined,
    placeholder: "a line for each row; \\. or Ctrl-D ends, Ctrl-C gives up",
    isData: true,
  });
  ended.addEventListener("abort", () => editor.stop());
  while (!ended.aborted) {
    const end = await editor.read();
    if (end.kind === "canceled") throw new Error("given up by ^C");
    if (end.kind === "end") return;
    for (const line of end.text.split("\n")) {
      if (line === "\\.") return;
      yield Buffer.from(`${line}\n`);
    }
  }
}

/** One line as an answer; undefined at ^C and ^D. */
export async function readAnswer(
  terminal: Terminal,
  paint: Paint,
  question: string,
): Promise<string | undefined> {
  const editor = new LineEditor({
    terminal,
    history: new History(),
    paint,
    prompt: () => `${question} `,
    complete: () => undefined,
    placeholder: "",
    isData: true,
  });
  const end = await editor.read();
  return end.kind === "input" ? end.text : undefined;
}
