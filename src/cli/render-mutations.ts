/** In charge of showing changes of rows as lines that people read. */
import type { JsonValue, MutationRecord, RecordData } from "@postern/sdk/protocol";
import type { Output } from "./output.ts";
import { printable } from "./table.ts";

/** `2026-03-10 14:22` */
const timeOf = (at: string): string => new Date(at).toISOString().slice(0, 16).replace("T", " ");

/** Ids that Postern made are long and told apart by their beginning. */
export const shortRequest = (id: string | null): string =>
  id === null ? "" : `req:${/^req-[0-9a-f]{8}-/.test(id) ? id.slice(4, 12) : printable(id)}`;

const longest = 60;

export function showValue(value: JsonValue): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const clean = printable(text);
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
}

/** What changed, in one line. */
export function describeChange(mutation: MutationRecord): string {
  const { operation, old, new: now, changed, row_id: id } = mutation;
  if (operation === "TRUNCATE") return "all rows";
  if (operation === "UPDATE") {
    const columns = changed ?? [];
    if (columns.length === 0) return "nothing";
    return columns
      .map((column) => {
        const to = showValue(now?.[column] ?? null);
        // Of a refused change it may not be known what was there.
        return `${printable(column)}: ${old === null ? "" : `${showValue(old[column] ?? null)} → `}${to}`;
      })
      .join(", ");
  }
  return listValues(now ?? old ?? {}, id);
}

/** What is null says little, and the id stands elsewhere. */
function listValues(row: RecordData, id: string | null): string {
  const shown = Object.entries(row).filter(([, value]) => value !== null && String(value) !== id);
  return shown.map(([column, value]) => `${printable(column)}=${showValue(value)}`).join(", ");
}

/** `2026-03-10 14:22 UPDATE plan: free → pro req:4f9a3b2c` */
export function renderMutation(
  { paint }: Pick<Output, "paint">,
  mutation: MutationRecord,
  subject = "",
): string {
  const { at, operation, rolled_back: undone, request_id: request, actor } = mutation;
  const by = request === null ? `by ${printable(actor)}` : shortRequest(request);
  return [
    paint.dim(timeOf(at)),
    subject,
    operation,
    describeChange(mutation),
    undone ? paint.red("(rolled back)") : "",
    paint.dim(by),
  ]
    .filter((part) => part !== "")
    .join(" ");
}
