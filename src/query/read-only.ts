/**
 * In charge of the statements of read-only tokens. Three things keep them from writing, none of which SQL can undo: the
 * transaction is READ ONLY, which Postgres lets nobody change once it has a snapshot, and Postern takes the first one;
 * only what reads gets in at all, because Postgres's own grammar admits nothing else behind PREPARE; and a request cannot
 * end its transaction.
 */
import type { QueryRequest } from "@postern/sdk/protocol";
import { hasCode, PosternError, posternError } from "../base/error.ts";
import { ServerError } from "../postgres/wire/server-error.ts";
import { leadingKeyword } from "./leading-keyword.ts";
import type { Batch, ClientFrame } from "./run-batch.ts";
import { gatePrefix, writeCommand } from "./write-statement.ts";

/** `""`: it begins with a parenthesis. */
const reading = new Set(["SELECT", "WITH", "VALUES", "TABLE", ""]);
/** They read, too, and are no statements that PREPARE takes. */
const ungated = new Set(["EXPLAIN", "SHOW"]);
/**
 * EXPLAIN ANALYZE CREATE TABLE AS makes the table even in a READ ONLY transaction. Without ANALYZE nothing is run; the
 * word can also be spelt with the escapes of U&"…".
 */
const runs = /analy[sz]e|u&/i;

const keywordOf = ({ sql }: QueryRequest): string => leadingKeyword(sql) ?? "";

/** The gate in front of each statement, and the snapshot behind BEGIN. */
const frame: ClientFrame = {
  passesGate: (statement) => !ungated.has(keywordOf(statement)),
  writeIdentity(out) {
    writeCommand(out, "select 1");
    return 1;
  },
};

/** The batch as a read-only token may run it. @throws Y3040 for a statement that is none that reads */
export function readOnlyBatch(batch: Batch): Batch {
  const isSingle = batch.begin === undefined;
  batch.statements.forEach((statement, index) => {
    const keyword = keywordOf(statement);
    const isRun = keyword === "EXPLAIN" && runs.test(statement.sql);
    if (isRun || (!reading.has(keyword) && !ungated.has(keyword)))
      throw refused(isRun ? "EXPLAIN ANALYZE" : keyword, isSingle ? undefined : index);
  });
  const begin = batch.begin ?? "begin";
  return {
    ...batch,
    begin: / read only/.test(begin) ? begin : `${begin} read only`,
    isSingle,
    client: frame,
  };
}

const refused = (keyword: string, index: number | undefined, cause?: unknown) => {
  const { message, detail, hint } = posternError(
    "Y3040",
    `${keyword} is not possible with a read-only token.`,
    {
      detail:
        "It may run SELECT, WITH, VALUES, TABLE, EXPLAIN without ANALYZE, and SHOW, and change nothing by them.",
      hint: "Use a token with all rights: `postern db token list` shows which there are.",
    },
  );
  return new PosternError("Y3040", message, { detail, hint, statementIndex: index, cause });
};

/** What Postgres says of such a batch, in terms of what the caller sent. */
export function explainReadOnly(error: unknown, statements: readonly QueryRequest[]): unknown {
  if (!(error instanceof PosternError) || !(error.cause instanceof ServerError)) return error;
  const { statementIndex, position } = error;
  if (hasCode(error, "25006")) {
    const keyword = /cannot execute (.+) in a read-only transaction/.exec(error.message)?.[1] ?? "Writing";
    return refused(keyword, statementIndex, error);
  }
  const isGated = !ungated.has(keywordOf(statements[statementIndex ?? 0]!));
  if (position === undefined || !isGated) return error;
  const { code, message, detail, hint, cause } = error;
  const shifted = Math.max(1, position - gatePrefix.length);
  return new PosternError(code, message, { detail, hint, position: shifted, statementIndex, cause });
}
