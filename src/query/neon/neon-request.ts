/** In charge of what a request in the manner of the Neon serverless driver asks for. */
import type { JsonValue } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";

export interface NeonQuery {
  sql: string;
  params: JsonValue[];
  rowsAsArrays: boolean;
}

export interface NeonRequest {
  queries: NeonQuery[];
  /** Several at once, in one transaction, with one answer. */
  isBatch: boolean;
  /** Every value as the text that Postgres gives it; otherwise numbers, booleans, JSON and arrays as what they are. */
  isRaw: boolean;
  /** The command that begins a batch. */
  begin: string;
}

export interface NeonModes {
  isRaw: boolean;
  rowsAsArrays: boolean;
  isolationLevel?: string | undefined;
  readOnly?: string | undefined;
  deferrable?: string | undefined;
}

const isolationLevels: Record<string, string> = {
  ReadUncommitted: "read uncommitted",
  ReadCommitted: "read committed",
  RepeatableRead: "repeatable read",
  Serializable: "serializable",
};

/** @throws Y1001 */
export function readNeonRequest(body: unknown, modes: NeonModes): NeonRequest {
  if (typeof body !== "object" || body === null) throw invalid("The body is not a JSON object.");
  const { queries } = body as { queries?: unknown };
  const common = { isRaw: modes.isRaw, begin: beginOf(modes) };
  if (queries === undefined) {
    return { ...common, isBatch: false, queries: [readQuery(body, modes, "")] };
  }
  if (!Array.isArray(queries)) throw invalid("`queries` is not an array.");
  return {
    ...common,
    isBatch: true,
    queries: queries.map((query, index) => readQuery(query, modes, ` of queries[${index}]`)),
  };
}

function readQuery(body: unknown, modes: NeonModes, where: string): NeonQuery {
  const { query, params, arrayMode } = (body ?? {}) as Record<string, unknown>;
  if (typeof query !== "string") throw invalid(`\`query\`${where} is not a string.`);
  if (params !== undefined && params !== null && !Array.isArray(params))
    throw invalid(`\`params\`${where} is not an array.`);
  return {
    sql: query,
    params: (params ?? []) as JsonValue[],
    rowsAsArrays: typeof arrayMode === "boolean" ? arrayMode : modes.rowsAsArrays,
  };
}

function beginOf({ isolationLevel, readOnly, deferrable }: NeonModes): string {
  const modes: string[] = [];
  if (isolationLevel !== undefined) {
    const level = Object.hasOwn(isolationLevels, isolationLevel) && isolationLevels[isolationLevel];
    if (!level) {
      throw invalid(`There is no isolation level "${isolationLevel}".`, {
        hint: `Use one of: ${Object.keys(isolationLevels).join(", ")}.`,
      });
    }
    modes.push(`isolation level ${level}`);
  }
  if (readOnly === "true") modes.push("read only");
  if (deferrable === "true") modes.push("deferrable");
  return ["begin", ...modes].join(" ");
}

const invalid = (message: string, init = {}) => posternError("Y1001", message, init);
