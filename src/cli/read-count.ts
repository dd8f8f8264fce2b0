/** In charge of options that are whole numbers. */
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";

/** @throws Y1013 for what is not a whole number above 0 */
export function readCount(input: CommandInput, option: string): number | undefined {
  const text = input.text(option);
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  const flag = option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw posternError("Y1013", `--${flag} is "${text}", which is not a whole number above 0.`);
}
