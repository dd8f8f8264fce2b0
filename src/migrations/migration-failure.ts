/** In charge of telling where in which file a migration failed, why, and what would help. */
import type { ErrorBody, MigrationErrorBody } from "@postern/sdk/protocol";
import pg from "pg";
import { PosternError } from "../base/error.ts";
import { locateOffset, offsetOfPosition, positionOfOffset } from "../postgres/locate-position.ts";
import { SqlSyntaxError, type Statement } from "../postgres/split-statements.ts";
import type { MigrationFile } from "./migration-file.ts";

/** A file failed by its own fault; anything else that is thrown (a lost connection) is not the file's. */
export class MigrationFailure extends Error {
  readonly body: MigrationErrorBody;

  constructor(body: MigrationErrorBody, cause: unknown) {
    super(body.message, { cause });
    this.name = "MigrationFailure";
    this.body = body;
  }
}

/** Returns what cannot be blamed on the file as it is. */
export function migrationFailure(file: MigrationFile, thrown: unknown, statement?: Statement): unknown {
  if (thrown instanceof SqlSyntaxError) {
    return failureAt(file, { code: "42601", message: thrown.message }, thrown, {
      offset: thrown.offset,
      exact: true,
    });
  }
  if (thrown instanceof PosternError) {
    return failureAt(file, thrown.toBody(), thrown, statement && { offset: statement.start, exact: true });
  }
  if (!(thrown instanceof pg.DatabaseError) || isServersFault(thrown.code)) return thrown;
  const body: ErrorBody = { code: thrown.code ?? "XX000", message: thrown.message };
  if (thrown.detail) body.detail = thrown.detail;
  const hint = thrown.hint ?? hintFor(thrown.code);
  if (hint) body.hint = hint;
  return failureAt(file, body, thrown, statement && placeOf(file, thrown, statement));
}

/** The server is going away or has no room: the same file may succeed later. */
const isServersFault = (code: string | undefined): boolean => /^(?:57P0[123]|08|53[0123]00)/.test(code ?? "");

interface Place {
  offset: number;
  /** False when only the statement is known and not the word. */
  exact: boolean;
}

function placeOf(file: MigrationFile, error: pg.DatabaseError, statement: Statement): Place {
  if (error.position !== undefined) {
    return { offset: offsetOfPosition(file.sql, Number(error.position), statement.start), exact: true };
  }
  return { offset: lineOfBlock(error, statement) ?? statement.start, exact: false };
}

/** In a DO block Postgres tells the line of the block's body that failed. */
function lineOfBlock(error: pg.DatabaseError, statement: Statement): number | undefined {
  if (!("DoStmt" in statement.node)) return undefined;
  // The last line of the context is the outermost frame, which is the block itself.
  const line = /inline_code_block line (\d+) at [^\n]*$/.exec(error.where ?? "")?.[1];
  const body = statement.node.DoStmt.args?.flatMap((argument) =>
    "DefElem" in argument && argument.DefElem.defname === "as" ? [argument.DefElem.arg] : [],
  )[0];
  if (line === undefined || body === undefined || !("String" in body)) return undefined;
  let offset = statement.text.indexOf(body.String.sval ?? "");
  for (let left = Number(line) - 1; left > 0 && offset !== -1; left -= 1) {
    offset = statement.text.indexOf("\n", offset) + 1 || -1;
  }
  if (offset <= 0) return undefined;
  return statement.start + offset + /^\s*/.exec(statement.text.slice(offset))![0].length;
}

function failureAt(file: MigrationFile, body: ErrorBody, cause: unknown, place?: Place): MigrationFailure {
  const at = place && locateOffset(file.sql, place.offset);
  const position = place?.exact ? positionOfOffset(file.sql, place.offset) : undefined;
  return new MigrationFailure(
    {
      ...body,
      ...(position === undefined ? {} : { position }),
      file: file.name,
      line: at?.line ?? null,
      column: place?.exact ? at!.column : null,
      line_text: at?.lineText ?? null,
    },
    cause,
  );
}

const outside =
  "Make `-- postern:no-transaction` the first line of the file: its statements then run outside a transaction.";
const wasThere =
  "It was there before this migration. Say IF NOT EXISTS (or CREATE OR REPLACE), or remove the statement.";

/** What helps where Postgres has no hint of its own. */
function hintFor(code: string | undefined): string | undefined {
  switch (code) {
    case "25001": // active_sql_transaction: this cannot run inside a transaction block
    case "2D000": // invalid_transaction_termination: a procedure that commits
      return outside;
    case "42P06":
    case "42P07":
    case "42701":
    case "42710":
    case "42723":
      return wasThere;
    case "55P04": // unsafe_new_enum_value_usage
      return "Add the value in a migration of its own, before the one that uses it.";
    case "57014":
      return "Begin the file with `SET statement_timeout = 0;` if it needs longer.";
    default:
      return undefined;
  }
}
