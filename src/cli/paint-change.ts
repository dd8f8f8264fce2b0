/** In charge of the colours of a difference: green comes, red goes, yellow changes. */
type Paint = Record<"green" | "red" | "yellow", (text: string) => string>;

export function paintChange(line: string, paint: Paint): string {
  const sign = line.trimStart()[0];
  if (sign === "+") return paint.green(line);
  if (sign === "-") return paint.red(line);
  return sign === "~" ? paint.yellow(line) : line;
}
