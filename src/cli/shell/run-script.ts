/** In charge of SQL and commands that come line by line: a file, or what is piped to the shell. The first error ends it. */
import { readLines } from "./read-lines.ts";
import type { Shell } from "./shell.ts";
import { isComplete } from "./split-input.ts";

/** Of what is behind COPY as much is sent at once. */
const copyChunkBytes = 65_536;

/** False when something failed. */
export async function runScript(shell: Shell, chunks: AsyncIterable<Buffer>): Promise<boolean> {
  const lines = readLines(chunks);
  const dataBefore = shell.inlineData;
  const { depth } = shell.conditions;
  shell.inlineData = () => readInlineData(lines);
  try {
    let typed = "";
    // Whether it is over is asked before the next line: whoever writes may keep the pipe open.
    while (!shell.isOver) {
      const { value, done } = await lines.next();
      if (done) break;
      const line = value.toString("utf8");
      typed += line;
      // Only these can have ended it: a long statement is not read anew with every line.
      if (!/[;\\]/.test(line) || !isComplete(typed)) continue;
      const text = typed;
      typed = "";
      if (!(await shell.runInput(text))) return false;
    }
    const worked = shell.isOver || typed.trim() === "" || (await shell.runInput(typed));
    if (!shell.isOver) shell.conditions.closeTo(depth);
    return worked;
  } finally {
    shell.inlineData = dataBefore;
    // Lets go of the file or pipe.
    await lines.return(undefined);
  }
}

/** What stands behind COPY … FROM STDIN is its data, up to a line with \. */
async function* readInlineData(lines: AsyncGenerator<Buffer, undefined>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const { value: line, done } = await lines.next();
    if (done || /^\\\.\r?\n?$/.test(line.length > 4 ? "" : line.toString("latin1"))) break;
    waiting.push(line);
    bytes += line.length;
    if (bytes < copyChunkBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
