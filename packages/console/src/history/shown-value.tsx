/** In charge of a value of a row as history shows it: NULL apart from texts, and whatever it holds as text. */
import type { JsonValue } from "@postern/sdk/protocol";
import { visibleText } from "../data/visible-text.ts";

const most = 240;

export function ShownValue({ value }: { value: JsonValue | undefined }) {
  if (value === null || value === undefined) return <span class="null-value">NULL</span>;
  if (value === "") return <span class="null-value">empty</span>;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return <span class="break">{visibleText(text.length > most ? `${text.slice(0, most)}…` : text)}</span>;
}
