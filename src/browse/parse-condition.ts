/** In charge of a condition that a person wrote in SQL: it is one expression and nothing else, or it is refused. */
import type { Node } from "libpg-query";
import { messageOf, posternError } from "../base/error.ts";

const prefix = "select ";
/** Parsing takes the daemon's own time. */
const mostCharacters = 10_000;

/** The condition, as it may stand in parentheses of its own. @throws Y1100 */
export async function parseCondition(text: string): Promise<string> {
  if (text.length > mostCharacters)
    throw invalid(`The condition is longer than ${mostCharacters} characters.`);
  if (text.trim() === "") throw invalid("The condition is empty.");
  const { parse } = await import("libpg-query");
  // The line break ends a comment that the condition may end with.
  const alone = await parse(`${prefix}${text}\n`).catch((error: unknown) => {
    throw refusalOf(error, text);
  });
  // As it will stand: what closes a parenthesis that it did not open has failed above.
  const enclosed = await parse(`${prefix}(${text}\n)`).catch(() => ({ stmts: [] }));
  if (isOneExpression(alone.stmts) && isOneExpression(enclosed.stmts)) return text;
  throw invalid("The condition is more than one expression.", {
    hint: "Write what could stand behind WHERE, without WHERE: `price > 10 and name like 'a%'`.",
  });
}

function isOneExpression(statements: readonly { stmt?: unknown }[] = []): boolean {
  const statement = statements[0]?.stmt as Node | undefined;
  if (statements.length !== 1 || !statement || !("SelectStmt" in statement)) return false;
  const { targetList = [], limitOption: _, op, ...rest } = statement.SelectStmt;
  const [target] = targetList;
  if (op !== "SETOP_NONE" || targetList.length !== 1 || !target || !("ResTarget" in target)) return false;
  // What is left over belongs to a statement that is more: FROM, WHERE, UNION, an alias.
  if (Object.values(rest).some((part) => part !== false && part !== undefined)) return false;
  const { val, name } = target.ResTarget;
  return val !== undefined && name === undefined && !("RowExpr" in val);
}

/** Where in the condition, for people: the parser counts from the start of what it was given. */
function refusalOf(error: unknown, text: string) {
  const details = (error as { sqlDetails?: { message?: string; cursorPosition?: number } }).sqlDetails;
  const at = (details?.cursorPosition ?? -1) - prefix.length;
  const said = details?.message ?? messageOf(error);
  const isEnd = at >= text.length;
  return posternError("Y1100", `The condition is not SQL: ${isEnd ? "it ends too early" : said}.`, {
    ...(at >= 0 && !isEnd && { position: at + 1 }),
    hint: "Write what could stand behind WHERE: `price > 10 and name like 'a%'`.",
  });
}

const invalid = (message: string, { hint }: { hint?: string } = {}) =>
  posternError("Y1100", message, hint === undefined ? {} : { hint });
