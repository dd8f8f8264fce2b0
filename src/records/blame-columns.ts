/** In charge of who last wrote each column of a row, and whose later attempt came to nothing. Pure. */
import type { ColumnBlame, JsonValue, MutationRecord, RecordData } from "@postern/sdk/protocol";

/** @param mutations of one row, oldest first @param row as it is now; null: it is gone, and its last state is told */
export function blameColumns(mutations: readonly MutationRecord[], row: RecordData | null): ColumnBlame[] {
  const lasting = mutations.filter((mutation) => !mutation.rolled_back);
  const last = lasting.findLast(({ old, new: now }) => (now ?? old) !== null);
  const image = row ?? last?.new ?? last?.old ?? {};
  return Object.entries(image).map(([column, value]) => blameColumn(column, value, mutations));
}

function blameColumn(column: string, value: JsonValue, mutations: readonly MutationRecord[]): ColumnBlame {
  const writes = mutations.filter((mutation) => wrote(mutation, column));
  const source = writes.findLast((mutation) => !mutation.rolled_back);
  const attempt = writes.at(-1);
  return {
    column,
    value,
    request_id: source?.request_id ?? null,
    actor: source?.actor ?? null,
    at: source?.at ?? null,
    rolled_back: attempt?.rolled_back
      ? {
          request_id: attempt.request_id,
          actor: attempt.actor,
          at: attempt.at,
          value: attempt.new?.[column] ?? null,
        }
      : null,
  };
}

/** An INSERT writes every column, also those with a default. */
function wrote({ operation, changed, new: now }: MutationRecord, column: string): boolean {
  if (operation === "INSERT") return now !== null && Object.hasOwn(now, column);
  return operation === "UPDATE" && (changed ?? []).includes(column);
}
