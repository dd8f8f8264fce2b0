/** In charge of the option --port. */
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";

/** @throws Y1013 for what is no port */
export function readPort(input: CommandInput): number | undefined {
  const text = input.text("port");
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw posternError("Y1013", `--port is "${text}", which is not a port.`, {
    hint: "Use a number from 1 to 65535, or 0 for any free one.",
  });
}
