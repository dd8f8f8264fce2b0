/** In charge of JSON as a tree whose numbers stay as they are written, so that none loses digits. Pure. */
import { tokensOf } from "./raw-json.ts";

export interface JsonNode {
  kind: "object" | "array" | "text" | "number" | "word";
  /** Of an object's member, as it is without its quotes. */
  key: string | undefined;
  /** Of what has no parts: as it is shown. */
  text: string;
  parts: JsonNode[];
}

/** What is nested deeper is no longer a tree for people. */
const deepest = 500;

/** Undefined: it is no JSON, or too deep. */
export function parseJson(json: string): JsonNode | undefined {
  const tokens = tokensOf(json);
  const root: JsonNode = { kind: "array", key: undefined, text: "", parts: [] };
  const open: JsonNode[] = [root];
  let key: string | undefined;
  for (const [at, token] of tokens.entries()) {
    const parent = open.at(-1)!;
    if (token === "}" || token === "]") {
      if (open.length === 1) return undefined;
      open.pop();
    } else if (token === "{" || token === "[") {
      if (open.length > deepest) return undefined;
      const node: JsonNode = { kind: token === "{" ? "object" : "array", key, text: "", parts: [] };
      parent.parts.push(node);
      open.push(node);
      key = undefined;
    } else if (token !== "," && token !== ":") {
      if (parent.kind === "object" && key === undefined && tokens[at + 1] === ":") {
        key = unquote(token);
        continue;
      }
      parent.parts.push(leaf(token, key));
      key = undefined;
    }
  }
  return open.length === 1 && root.parts.length === 1 ? root.parts[0] : undefined;
}

function leaf(token: string, key: string | undefined): JsonNode {
  if (token.startsWith('"')) return { kind: "text", key, text: unquote(token), parts: [] };
  return { kind: /^-?\d/.test(token) ? "number" : "word", key, text: token, parts: [] };
}

function unquote(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    return token;
  }
}
