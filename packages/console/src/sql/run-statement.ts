/** In charge of running one statement: its rows as they come, up to a number that a person reads; stopped when nobody waits any more. */
import type { BrowseIdentity, ErrorBody, QueryField } from "@postern/sdk/protocol";
import { ApiError, send } from "../app/api.ts";
import type { Cell } from "../data/copy-rows.ts";
import { cellsOf, elementsOf, membersOf } from "../data/raw-json.ts";

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
  const path = `/databases/${encodeURIComponent(database)}/rls/test?rows=array`;
  return readWhole(await post(path, { sql, ...as }, signal));
}

const post = (path: string, body: unknown, signal: AbortSignal, headers?: Record<string, string>) =>
  send(`/console/v1${path}`, { method: "POST", body, signal, ...(headers && { headers }) });

async function readWhole(response: Response): Promise<Outcome> {
  const answer = membersOf(await response.text());
  const read = <Value>(name: string) => JSON.parse(answer.get(name) ?? "null") as Value | null;
  const listed = answer.get("rows");
  const rows = listed === undefined || listed === "null" ? [] : elementsOf(listed);
  return {
    fields: read<QueryField[]>("fields") ?? [],
    rows: rows.slice(0, mostResultRows).map(cellsOf),
    more: rows.length > mostResultRows,
    affected: read<number>("rows_affected"),
  };
}

const returnsRows = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(?:select|with|values|table|show|explain)\b/i;

async function runAsOwner(database: string, sql: string, signal: AbortSignal): Promise<Outcome> {
  const path = `/db/${encodeURIComponent(database)}`;
  if (!returnsRows.test(sql)) return readWhole(await post(`${path}/execute?rows=array`, { sql }, signal));
  const accept = "application/x-ndjson";
  return readLines(await post(`${path}/query?rows=array`, { sql }, signal, { accept }));
}

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
      const line = membersOf(text);
      const [row, fields, error] = [line.get("row"), line.get("fields"), line.get("error")];
      if (row !== undefined) outcome.rows.push(cellsOf(row));
      else if (error !== undefined) throw new ApiError(JSON.parse(error) as ErrorBody, 200);
      else if (fields !== undefined) outcome.fields = JSON.parse(fields) as QueryField[];
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
