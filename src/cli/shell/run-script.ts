/** In charge of SQL and commands that come line by line: a file, or what is piped to the shell. The first error ends it. */
import type { Shell } from "./shell.ts";
import { isComplete } from "./split-input.ts";

/** False when something failed. */
export async function runScript(
  shell: Shell,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<boolean> {
  const source = readLines(lines);
  const dataBefore = shell.inlineData;
  // What stands behind COPY … FROM STDIN is its data, up to a line with \.
  shell.inlineData = async function* () {
    for (let line = await source.next(); !line.done && line.value !== "\\."; line = await source.next())
      yield Buffer.from(`${line.value}\n`);
  };
  try {
    let typed = "";
    for (let line = await source.next(); !line.done && !shell.isOver; line = await source.next()) {
      typed += `${line.value}\n`;
      // Only these can have ended it: a long statement is not read anew with every line.
      if (!/[;\\]/.test(line.value) || !isComplete(typed)) continue;
      const text = typed;
      typed = "";
      if (!(await shell.runInput(text))) return false;
    }
    return shell.isOver || typed.trim() === "" || (await shell.runInput(typed));
  } finally {
    shell.inlineData = dataBefore;
  }
}

async function* readLines(
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<string, undefined> {
  for await (const line of lines) yield line.replace(/\r$/, "");
  return undefined;
}
