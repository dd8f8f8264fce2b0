/** In charge of showing any value as harmless text: what has no shape, or changes that of others, is made visible. */
import { tokensOf } from "./raw-json.ts";

/** Characters that turn the direction of what follows, or join and hide without a shape of their own. */
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function visibleText(value: string, { keepLines = false } = {}): string {
  return value.replace(hidden, (character) => {
    if (keepLines && (character === "\n" || character === "\t")) return character;
    const code = character.charCodeAt(0);
    if (character === "\n") return "↵";
    if (character === "\t") return "⇥";
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "␡";
    return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}

const mostInCell = 300;

/** The beginning of a value, in one line. */
export const cellText = (value: string): string =>
  visibleText(value.length > mostInCell ? `${value.slice(0, mostInCell)}…` : value);

/** JSON over several lines; numbers stay as they are written, so that none loses digits. */
export function prettyJson(json: string): string {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  const tokens = tokensOf(json);
  for (const [at, token] of tokens.entries()) {
    const next = tokens[at + 1];
    if (token === "{" || token === "[") {
      out += token;
      if (next === "}" || next === "]") continue;
      depth += 1;
      out += line();
    } else if (token === "}" || token === "]") {
      const before = tokens[at - 1];
      if (before !== "{" && before !== "[") {
        depth -= 1;
        out += line();
      }
      out += token;
    } else if (token === ",") out += `,${line()}`;
    else out += token === ":" ? ": " : token;
  }
  return out;
}

/** `\x00ff41` as lines of 16: offset, bytes, and what of them is ASCII. */
export function hexLines(value: string): string {
  const bytes = (value.slice(2).match(/../g) ?? []).slice(0, 16_384);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.slice(at, at + 16);
    const ascii = part.map((byte) => {
      const code = Number.parseInt(byte, 16);
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
    });
    lines.push(`${at.toString(16).padStart(8, "0")}  ${part.join(" ").padEnd(47)}  ${ascii.join("")}`);
  }
  return lines.join("\n");
}
