/** In charge of options that are labels. */
import { posternError } from "../base/error.ts";

/** `key=value` each; undefined: none. @throws Y1013 */
export function readLabels(list: readonly string[]): Record<string, string> | undefined {
  if (list.length === 0) return undefined;
  return Object.fromEntries(
    list.map((label) => {
      const at = label.indexOf("=");
      if (at > 0) return [label.slice(0, at), label.slice(at + 1)];
      throw posternError("Y1013", `"${label}" is no label.`, { hint: "For example: --label region=eu-west" });
    }),
  );
}
