/** In charge of refusing what could break the request out of its frame, before anything is sent to Postgres. */
import type { JsonValue, QueryRequest } from "@postern/sdk/protocol";
import { PosternError, posternError } from "../base/error.ts";
import { copyRefused } from "../postgres/wire/wire-connection.ts";
import { leadingKeyword, secondKeyword } from "./leading-keyword.ts";

/** Bind counts parameters in 16 bits; half of that is far beyond what a person writes. */
const maxParams = 32_767;
/** Lists and objects in each other; far more than data has. */
const mostLevels = 500;

const transactionControl = new Set([
  "ABORT",
  "BEGIN",
  "COMMIT",
  "END",
  "RELEASE",
  "ROLLBACK",
  "SAVEPOINT",
  "START",
]);

/** What Postgres's text cannot hold: NUL, and halves of surrogate pairs. */
const notText = /[\0\ud800-\udfff]/u;

export const isText = (text: string): boolean => !notText.test(text);

/** @throws Y1001 Y1007 Y1011 Y1012 */
export function checkStatement(statement: QueryRequest): void {
  const { sql } = statement;
  if (!isText(sql)) {
    throw posternError(
      "Y1001",
      "The SQL contains a character that Postgres cannot store: NUL or half a pair.",
    );
  }
  checkParams(statement);
  checkKeyword(sql);
}

/** What is left to check of a statement whose text was checked before. @throws Y1001 */
export function checkParams({ params = [] }: QueryRequest): void {
  if (params.length > maxParams) {
    throw posternError("Y1001", `There are ${params.length} parameters; at most ${maxParams} are allowed.`, {
      hint: "Send many values as one array parameter: `= any($1)` or `unnest($1::int[])`.",
    });
  }
  const deep = params.findIndex((param) => isDeeperThan(mostLevels, param));
  if (deep >= 0) {
    throw posternError("Y1001", `Parameter $${deep + 1} is nested deeper than ${mostLevels} levels.`);
  }
  const unfit = params.findIndex(isNotText);
  if (unfit >= 0) {
    throw posternError("Y1001", `Parameter $${unfit + 1} contains a character that Postgres cannot store.`, {
      detail: "NUL and halves of surrogate pairs are not text to Postgres.",
      hint: "Send binary data as bytea in hex: `\\x00ff`.",
    });
  }
}

/** Writing a value as text takes as much stack as it is deep, and reading it does in Postgres. */
function isDeeperThan(levels: number, value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Object.values(value)) if (isDeeperThan(levels - 1, inner)) return true;
  return false;
}

/** Objects travel as JSON text, in which such characters are escaped. */
const isNotText = (param: JsonValue): boolean =>
  typeof param === "string" ? notText.test(param) : Array.isArray(param) && param.some(isNotText);

/**
 * A COMMIT between the statements of a batch would keep those before it whatever happens to those behind, so it has to
 * be found before anything runs; afterwards it is too late.
 */
function checkKeyword(sql: string): void {
  const keyword = leadingKeyword(sql);
  if (keyword === undefined) {
    throw posternError("Y1012", "The SQL contains no statement.", {
      hint: "Send one statement in `sql`.",
    });
  }
  if (keyword === "COPY") throw copyRefused();
  if (!transactionControl.has(keyword) && !(keyword === "PREPARE" && secondKeyword(sql) === "TRANSACTION"))
    return;
  throw posternError(
    "Y1007",
    `${keyword} is not possible over HTTP: each request is a transaction of its own.`,
    {
      hint: "Send the statements together to /transaction: they take effect all or not at all.",
    },
  );
}

/** @throws Y1010 and what `checkStatement` throws, with the statement's index. */
export function checkStatements(statements: readonly QueryRequest[], limit: number): void {
  if (statements.length > limit) {
    throw posternError("Y1010", `There are ${statements.length} statements; at most ${limit} are allowed.`, {
      hint: "Split them over several requests, or send many rows with one INSERT … SELECT from unnest($1).",
    });
  }
  for (const [index, statement] of statements.entries()) {
    try {
      checkStatement(statement);
    } catch (error) {
      throw error instanceof PosternError ? withStatementIndex(error, index) : error;
    }
  }
}

function withStatementIndex(error: PosternError, statementIndex: number): PosternError {
  return new PosternError(error.code, error.message, {
    detail: error.detail,
    hint: error.hint,
    position: error.position,
    statementIndex,
    cause: error.cause,
  });
}
