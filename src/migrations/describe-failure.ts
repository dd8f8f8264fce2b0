/** In charge of telling where in which file a migration failed, and why. */
import type { MigrationErrorBody } from "@postern/sdk/protocol";
import { messageOf } from "../base/error.ts";
import { locateOffset, offsetOfPosition } from "../postgres/locate-position.ts";
import { SqlSyntaxError } from "../postgres/split-statements.ts";
import type { MigrationFile } from "./migration-file.ts";
import { StatementFailure } from "./run-migration.ts";

/** What went wrong in the file; undefined when the fault is not the file's (a lost connection, a stop). */
export function describeFailure(file: MigrationFile, thrown: unknown): MigrationErrorBody | undefined {
  if (thrown instanceof SqlSyntaxError)
    return locate(file, { code: "42601", message: thrown.message }, thrown.offset);
  if (!(thrown instanceof StatementFailure)) return undefined;
  const { statement, reason } = thrown;
  const { code, detail, hint, position } = reason as {
    code?: string;
    detail?: string;
    hint?: string;
    position?: string;
  };
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || /^(57P|08)/.test(code)) return undefined;
  const offset =
    position === undefined
      ? statement.start
      : offsetOfPosition(file.sql, Number(position), firstWord(file.sql, statement.start));
  return locate(
    file,
    { code, message: messageOf(reason), ...(detail ? { detail } : {}), ...(hint ? { hint } : {}) },
    offset,
  );
}

function locate(
  file: MigrationFile,
  error: { code: string; message: string; detail?: string; hint?: string },
  offset: number,
): MigrationErrorBody {
  const { line, column, lineText } = locateOffset(file.sql, firstWord(file.sql, offset));
  return { ...error, file: file.name, line, column, line_text: lineText };
}

/** A statement's place begins with the white space and comments before it; people look at its first word. */
function firstWord(sql: string, offset: number): number {
  const gap = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(sql.slice(offset));
  return offset + (gap?.[0].length ?? 0);
}
