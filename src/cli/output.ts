/** In charge of what a command prints: data to stdout in the form that was asked for, talk to stderr. */
import pc from "picocolors";
import type { CommandInput } from "./command-input.ts";
import { harmlessJson } from "./harmless-json.ts";

export type OutputFormat = "table" | "json" | "yaml" | "csv" | "env";
export type Paint = ReturnType<typeof pc.createColors>;

export interface Output {
  readonly format: OutputFormat;
  /** Is the output for people? */
  readonly forPeople: boolean;
  /** Colours of stdout. */
  readonly paint: Paint;
  /** Colours of stderr. */
  readonly talkPaint: Paint;
  /** Data: for people `render()`, else the value in the form asked for; `csv()` where its table is not the value's fields. */
  print(value: unknown, render: () => string, csv?: () => string): Promise<void>;
  /** For people only; goes to stderr. */
  talk(text: string): void;
  /** `✓ text`, for people only. */
  success(text: string): void;
  /** Something to know in any case; goes to stderr. */
  warn(text: string): void;
}

export function createOutput({ format, color }: { format: OutputFormat; color: boolean }): Output {
  const forPeople = format === "table";
  const paint = pc.createColors(color && mayColor(process.stdout));
  const talkPaint = pc.createColors(color && mayColor(process.stderr));
  const talk = (text: string) => {
    if (forPeople) process.stderr.write(`${text}\n`);
  };
  return {
    format,
    forPeople,
    paint,
    talkPaint,
    async print(value, render, csv) {
      const text = forPeople ? render() : format === "csv" && csv ? csv() : await serialize(value, format);
      if (text !== "") process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    },
    talk,
    success: (text) => talk(`${talkPaint.green("✓")} ${text}`),
    warn: (text) => process.stderr.write(`${talkPaint.yellow("!")} ${text}\n`),
  };
}

/** `--output` is a file for commands that write one. */
export function readOutputFormat(input: CommandInput, outputIsFile = false): OutputFormat {
  if (input.flag("json")) return "json";
  return ((outputIsFile ? undefined : input.text("output")) as OutputFormat | undefined) ?? "table";
}

function mayColor(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && !NO_COLOR && TERM !== "dumb";
}

async function serialize(value: unknown, format: Exclude<OutputFormat, "table">): Promise<string> {
  switch (format) {
    case "json":
      return harmlessJson(JSON.stringify(value, null, 2));
    case "yaml":
      return (await import("yaml")).stringify(value);
    case "csv":
      return toCsv(value);
    case "env":
      return (await import("./env-file.ts")).formatEnvFile(flatten(value));
  }
}

function toCsv(value: unknown): string {
  const rows = (Array.isArray(value) ? value : [value]) as Record<string, unknown>[];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => plainText(row[column])))];
  return lines.map((cells) => cells.map(csvCell).join(",")).join("\r\n");
}

const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const plainText = (value: unknown): string =>
  value === null || value === undefined
    ? ""
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);

/** Variables of an object's fields: `size_bytes` is SIZE_BYTES; of a list, one JSON value. */
function flatten(value: unknown): Record<string, string> {
  const fields = Array.isArray(value) || typeof value !== "object" || value === null ? { value } : value;
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name.toUpperCase(), plainText(field)]),
  );
}
