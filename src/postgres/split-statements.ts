/**
 * In charge of cutting a text of SQL into its statements by Postgres's own grammar. The grammar is loaded when it is
 * first needed: a session that has nothing to split does not pay for it.
 */
import type { Node } from "libpg-query";
import { messageOf } from "../base/error.ts";
import { classifyStatement, type StatementTraits } from "./classify-statement.ts";
import { offsetOfPosition } from "./locate-position.ts";

export interface Statement extends StatementTraits {
  /** From its first word to its last, without the semicolon. */
  text: string;
  /** Where it starts in the whole text: UTF-16 offset, UTF-8 offset, 1-based line. */
  start: number;
  startByte: number;
  line: number;
  /** Type of its parse node, for example "CreateStmt". */
  type: string;
  node: Node;
}

/** The text is not SQL. */
export class SqlSyntaxError extends Error {
  /** UTF-16 offset into the text. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = "SqlSyntaxError";
    this.offset = offset;
  }
}

/** @throws SqlSyntaxError */
export async function splitStatements(sql: string): Promise<Statement[]> {
  const { parse } = await import("libpg-query");
  // U+FEFF at the very start is an editor's mark and not SQL; three spaces keep every byte where it was.
  const bytes = Buffer.from(sql);
  const marked = sql.startsWith("\ufeff");
  const source = marked ? `   ${sql.slice(1)}` : sql;
  if (source.trim() === "") return [];
  if (source.includes("\0")) throw new SqlSyntaxError("the text contains a NUL character", sql.indexOf("\0"));
  const { stmts = [] } = await parse(source).catch((error: unknown) => {
    throw syntaxError(error, source, marked ? 2 : 0);
  });
  const cursor = { byte: 0, offset: 0, line: 1 };
  return stmts.map(({ stmt, stmt_location: startByte = 0, stmt_len: length }) => {
    advance(cursor, bytes, startByte);
    const text = bytes.toString("utf8", startByte, length ? startByte + length : bytes.length).trimEnd();
    const node = stmt as Node;
    return {
      text,
      start: cursor.offset,
      startByte,
      line: cursor.line,
      type: Object.keys(node)[0]!,
      node,
      ...classifyStatement(node),
    };
  });
}

/** Moves the cursor forward to `byte`; each byte of the text is looked at once. */
function advance(cursor: { byte: number; offset: number; line: number }, bytes: Buffer, byte: number): void {
  const passed = bytes.toString("utf8", cursor.byte, byte);
  cursor.byte = byte;
  cursor.offset += passed.length;
  cursor.line += passed.split("\n").length - 1;
}

function syntaxError(error: unknown, source: string, extra: number): SqlSyntaxError {
  const position = (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails?.cursorPosition;
  if (position !== undefined) {
    return new SqlSyntaxError(messageOf(error), offsetOfPosition(source, position + 1) - extra);
  }
  if (error instanceof RangeError) return new SqlSyntaxError("a statement is nested too deeply", 0);
  throw error;
}
