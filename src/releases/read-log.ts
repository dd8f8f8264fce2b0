/** In charge of reading logs: their end, or what was added since. */
import { open, stat } from "node:fs/promises";
import type { LogPart } from "@postern/sdk/protocol";

const mostBytes = 256 * 1024;

export const logSize = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

/** At most its last 256 KiB; empty when there is none. */
export async function readLogFrom(file: string, offset: number): Promise<string> {
  return (await readLog(file, { offset })).text;
}

/** The last lines, or what follows `offset`; a log that was cut short is read from its beginning. */
export async function readLog(
  file: string,
  { offset, lines = 100 }: { offset?: number; lines?: number },
): Promise<LogPart> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return { text: "", offset: 0 };
  try {
    const { size } = await handle.stat();
    const wanted = offset === undefined ? size - mostBytes : offset > size ? 0 : offset;
    const from = Math.max(0, wanted, size - mostBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = buffer.toString("utf8", 0, bytesRead);
    const end = from + bytesRead;
    if (offset !== undefined) return { text, offset: end };
    const kept = text.split("\n").slice(text.endsWith("\n") ? -lines - 1 : -lines);
    return { text: lines === 0 ? "" : kept.join("\n"), offset: end };
  } finally {
    await handle.close();
  }
}
