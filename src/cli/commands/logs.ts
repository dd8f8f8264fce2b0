/** In charge of `postern logs`: the daemon's log, and what is added to it. */
import { open, stat } from "node:fs/promises";
import { homeDirectory } from "../../base/config.ts";
import { hasCode, posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { daemonLog, readTail } from "../daemon-process.ts";
import { readCount } from "../read-count.ts";

const pollMs = 300;

export const run: CommandRun = async (_context, input) => {
  const file = daemonLog(homeDirectory());
  const { text, size } = await readTail(file, readCount(input, "lines") ?? 100).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
    throw posternError("Y0005", `There is no log yet: ${file}`, { hint: "Run `postern up`." });
  });
  if (text !== "") process.stdout.write(`${text}\n`);
  if (input.flag("follow")) await follow(file, size);
};

/** Until ^C. A log that was cut short is read from its beginning. */
async function follow(file: string, from: number): Promise<never> {
  for (let at = from; ; await new Promise((resolve) => setTimeout(resolve, pollMs))) {
    const { size } = await stat(file);
    if (size < at) at = 0;
    if (size === at) continue;
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - at), 0, size - at, at);
      process.stdout.write(buffer.subarray(0, bytesRead));
      at += bytesRead;
    } finally {
      await handle.close();
    }
  }
}
