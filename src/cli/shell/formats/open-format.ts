/** In charge of choosing the form of a result: the one that is set, and for `\x auto` by the width of the first rows. */
import type { ShellSettings } from "../settings.ts";
import type { TextRow } from "../stream-statement.ts";
import { alignedFormat, alignedWidth } from "./aligned.ts";
import { expandedFormat } from "./expanded.ts";
import { csvFormat, jsonFormat, markdownFormat, unalignedFormat } from "./machine.ts";
import type { FormatInput, ResultFormatter } from "./result-format.ts";

export function openFormat(
  { format, expanded }: Pick<ShellSettings, "format" | "expanded">,
  input: FormatInput,
  first: readonly TextRow[],
): ResultFormatter {
  switch (format) {
    case "csv":
      return csvFormat(input);
    case "json":
      return jsonFormat(input);
    case "markdown":
      return markdownFormat(input);
    case "unaligned":
      return unalignedFormat(input);
    case "aligned": {
      const isWide = expanded === "auto" && first.length > 0 && alignedWidth(input, first) > input.width;
      return expanded === "on" || isWide ? expandedFormat(input) : alignedFormat(input);
    }
  }
}
