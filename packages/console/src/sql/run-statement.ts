/** In charge of running one statement: its rows as they come, up to a number that a person reads; stopped when nobody waits any more. */
import type { BrowseIdentity, ErrorBody, ExecuteResult, JsonValue, QueryField } from "@postern/sdk/protocol";
import { ApiError, ask, send } from "../app/api.ts";
import type { Cell } from "../data/copy-rows.ts";

export interface StatementResult {
  sql: string;
  fields: QueryField[];
  rows: Cell[][];
  /** There are more than were taken. */
  more: boolean;
  /** For statements without rows. */
  affected: number | null;
  ms: number;
}

export const mostResultRows = 10_000;

/** @throws ApiError, an AbortError */
export async function runStatement(
  database: string,
  sql: string,
  as: BrowseIdentity | undefined,
  signal: AbortSignal,
): Promise<StatementResult> {
  const began = performance.now();
  const result = as ? await tryAs(database, sql, as, signal) : await runAsOwner(database, sql, signal);
  return { sql, ...result, ms: performance.now() - began };
}

type Outcome = Omit<StatementResult, "sql" | "ms">;

/** As a client would, and undone. */
async function tryAs(
  database: string,
  sql: string,
  as: BrowseIdentity,
  signal: AbortSignal,
): Promise<Outcome> {
  const answer = await ask<ExecuteResult>(`/databases/${encodeURIComponent(database)}/rls/test`, {
    method: "POST",
    body: { sql, ...as },
    signal,
  });
  const fields = answer.fields ?? [];
  const rows = (answer.rows ?? []).map((row) => fields.map(({ name }) => textOf(row[name])));
  return { fields, rows, more: false, affected: answer.rows ? null : answer.rows_affected };
}

const returnsRows = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(?:select|with|values|table|show|explain)\b/i;

async function runAsOwner(database: string, sql: string, signal: AbortSignal): Promise<Outcome> {
  const path = `/db/${encodeURIComponent(database)}`;
  if (!returnsRows.test(sql)) {
    const answer = await ask<ExecuteResult>(`${path}/execute?rows=array`, {
      method: "POST",
      body: { sql },
      signal,
    });
    const rows = (answer.rows ?? []) as unknown as JsonValue[][];
    return {
      fields: answer.fields ?? [],
      rows: rows.slice(0, mostResultRows).map((row) => row.map(textOf)),
      more: rows.length > mostResultRows,
      affected: answer.rows_affected,
    };
  }
  const response = await send(`/console/v1${path}/query?rows=array`, {
    method: "POST",
    body: { sql },
    signal,
    headers: { accept: "application/x-ndjson" },
  });
  return readLines(response);
}

type Line = { fields?: QueryField[]; row?: JsonValue[]; row_count?: number; error?: ErrorBody };

async function readLines(response: Response): Promise<Outcome> {
  const outcome: Outcome = { fields: [], rows: [], more: false, affected: null };
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (done ? "" : decoder.decode(value, { stream: true }))).split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const text of lines) {
      if (text === "") continue;
      const line = JSON.parse(text) as Line;
      if (line.error) throw new ApiError(line.error, 200);
      if (line.fields) outcome.fields = line.fields;
      if (line.row) outcome.rows.push(line.row.map(textOf));
    }
    if (outcome.rows.length >= mostResultRows) {
      outcome.rows.length = mostResultRows;
      outcome.more = true;
      // Its statement is canceled: nobody reads so many.
      await reader.cancel();
      return outcome;
    }
    if (done) return outcome;
  }
}

const textOf = (value: JsonValue | undefined): Cell => {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
};
