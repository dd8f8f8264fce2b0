/** In charge of the option --port, and others that name one. */
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";

/** @param option as it is written, without the dashes. @throws Y1013 for what is no port */
export function readPort(input: CommandInput, option = "port"): number | undefined {
  const text = input.text(option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw posternError("Y1013", `--${option} is "${text}", which is not a port.`, {
    hint: "Use a number from 1 to 65535, or 0 for any free one.",
  });
}
