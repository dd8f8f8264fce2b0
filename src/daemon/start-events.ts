/** In charge of telling whoever started the daemon how the start goes: one JSON object a line on a pipe. */
import { createWriteStream, type WriteStream } from "node:fs";
import type { DaemonStatus, ErrorBody } from "@postern/sdk/protocol";

export type StartEvent =
  | { type: "phase"; name: string; message: string }
  | { type: "progress"; done: number; total: number; unit: string }
  /** Something is other than it was, and the start goes on. */
  | { type: "warning"; message: string }
  /** `admin_key`: only at the first start of a home. */
  | { type: "ready"; status: DaemonStatus; admin_key?: string }
  | { type: "error"; error: ErrorBody };

export interface StartEvents {
  tell(event: StartEvent): void;
  /** After the last event; the reader sees the end. */
  close(): void;
}

/** Writes to the file descriptor named by POSTERN_START_FD; without one nobody is told. */
export function openStartEvents(descriptor: string | undefined): StartEvents {
  if (descriptor === undefined) return { tell() {}, close() {} };
  const stream: WriteStream = createWriteStream("", { fd: Number(descriptor) });
  // Whoever started the daemon may have gone; that is no reason to stop.
  stream.on("error", () => {});
  return {
    tell: (event) => void stream.write(`${JSON.stringify(event)}\n`),
    close: () => void stream.end(),
  };
}
