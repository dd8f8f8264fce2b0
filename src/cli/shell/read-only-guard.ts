/**
 * In charge of sessions that cannot write, whatever SQL is sent: every statement runs in a READ ONLY transaction that has
 * taken its snapshot already, and Postgres lets no such transaction become anything else.
 */
import { readTokens } from "./read-tokens.ts";

/** Takes the snapshot, and says whether the transaction is what it has to be. */
export const probeSql = "select current_setting('transaction_read_only')";

export type Control = "begin" | "end" | undefined;

/** What ends or begins a transaction is the user's, too; all else is wrapped where there is none. */
export function transactionControl(sql: string): Control {
  const [first, second] = readTokens(sql)
    .filter(({ kind }) => kind === "word")
    .slice(0, 2)
    .map(({ start, end }) => sql.slice(start, end).toUpperCase());
  if (first === "BEGIN" || (first === "START" && second === "TRANSACTION")) return "begin";
  const ends = ["COMMIT", "END", "ROLLBACK", "ABORT"];
  return first !== undefined && ends.includes(first) && second !== "TO" ? "end" : undefined;
}

/** The user's own BEGIN with READ ONLY behind: the later of two modes counts. */
export const readOnlyBegin = (sql: string): string => {
  const words = readTokens(sql)
    .filter(({ kind }) => kind === "word" || kind === "punctuation")
    .map(({ start, end }) => sql.slice(start, end))
    .filter((word) => word !== ";");
  return `${words.join(" ")}${words.length <= 2 ? "" : ","} read only`;
};
