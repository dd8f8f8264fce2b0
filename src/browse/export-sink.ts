/** In charge of turning the lines of a streamed answer into a file: CSV as spreadsheets read it, or a JSON object a line. */
import { posternError } from "../base/error.ts";
import type { AnswerSink } from "../query/answer-sink.ts";

export interface ExportSink extends AnswerSink {
  /** What came last may be without its line break. */
  finish(): void;
}

type Values = (string | null)[];

export function openExportSink(
  format: "csv" | "ndjson",
  columns: readonly string[],
  sink: AnswerSink,
): ExportSink {
  const write = format === "csv" ? csvRow : (values: Values) => jsonRow(columns, values);
  let rest = "";
  let isBegun = false;
  const decoder = new TextDecoder();
  const begin = () => {
    if (isBegun) return "";
    isBegun = true;
    return format === "csv" ? csvRow([...columns]) : "";
  };
  const take = (text: string): string => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    return lines.map((line) => lineOf(line, write)).join("");
  };
  const outer: ExportSink = {
    onDrain: undefined,
    write(bytes) {
      const text = begin() + take(decoder.decode(bytes, { stream: true }));
      return text === "" ? true : sink.write(Buffer.from(text));
    },
    finish() {
      const text = begin() + take("\n");
      if (text !== "") sink.write(Buffer.from(text));
    },
  };
  sink.onDrain = () => outer.onDrain?.();
  return outer;
}

function lineOf(line: string, write: (values: Values) => string): string {
  if (line === "") return "";
  const read = JSON.parse(line) as { row?: Values; error?: { message: string } };
  if (read.error) throw posternError("Y1101", read.error.message);
  return read.row ? write(read.row) : "";
}

/** Null is nothing at all, an empty text is "". */
const csvRow = (values: Values): string => `${values.map(csvValue).join(",")}\r\n`;

function csvValue(value: string | null): string {
  if (value === null) return "";
  return value === "" || /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** By hand, as an object would put columns that are numbers first. */
const jsonRow = (columns: readonly string[], values: Values): string =>
  `{${columns.map((name, at) => `${JSON.stringify(name)}:${JSON.stringify(values[at] ?? null)}`).join(",")}}\n`;
