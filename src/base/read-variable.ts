/** In charge of one environment variable at a time: its default, and what is wrong with it (Y0001). */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { posternError } from "./error.ts";

export type Environment = Record<string, string | undefined>;

export function xdg(environment: Environment, variable: string, fallback: string): string {
  const value = environment[variable];
  return value && isAbsolute(value) ? value : join(environment.HOME ?? homedir(), fallback);
}

export function port(environment: Environment, variable: string, fallback: number): number {
  const text = environment[variable];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw posternError("Y0001", `${variable} is "${text}", which is not a port.`, {
      hint: "Use a number from 1 to 65535, or 0 for any free one.",
    });
  }
  return value;
}

export function directory(environment: Environment, variable: string, fallback: string): string {
  const value = environment[variable] || fallback;
  if (!isAbsolute(value)) {
    throw posternError("Y0001", `${variable} is "${value}", which is not an absolute path.`);
  }
  return value;
}

export const optionalFile = (environment: Environment, variable: string): string | null =>
  environment[variable] ? directory(environment, variable, "") : null;

export function choice<const Choice extends string>(
  environment: Environment,
  variable: string,
  choices: readonly Choice[],
): Choice {
  const value = environment[variable] || choices[0]!;
  if (!(choices as readonly string[]).includes(value)) {
    throw posternError("Y0001", `${variable} is "${value}"; it can be ${choices.join(", ")}.`);
  }
  return value as Choice;
}

export const isOn = (environment: Environment, variable: string, fallback: "0" | "1"): boolean =>
  choice(environment, variable, fallback === "1" ? ["1", "0"] : ["0", "1"]) === "1";

export function count(environment: Environment, variable: string, fallback: number, most: number): number {
  const text = environment[variable] || String(fallback);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw posternError("Y0001", `${variable} is "${text}"; it can be a whole number from 1 to ${most}.`);
}
