/** In charge of saying what went wrong with a request of the data plane, with Postgres's own words where it has some. */
import { messageOf, PosternError, posternError } from "../base/error.ts";
import { ServerError, type ServerErrorFields } from "../postgres/wire/server-error.ts";

export const requestCanceled = () =>
  posternError("Y1017", "The client has gone, so its statement was canceled.");

export const statementTimedOut = (timeoutMs: number, statementIndex?: number) =>
  posternError("Y1009", `The statement ran longer than ${timeoutMs / 1000} s and was canceled.`, {
    hint: "Make it faster (`EXPLAIN` shows what it does), do less at a time, or connect to the database directly.",
    statementIndex,
  });

export const tooBusy = (detail: string) =>
  posternError("Y4004", "The database is too busy.", {
    detail,
    hint: "Try again in a moment; send fewer requests at a time, or make their statements faster.",
  });

/** `statementIndex`: which of the statements of a `/transaction` it was. */
export function queryError(thrown: unknown, timeoutMs: number, statementIndex?: number): PosternError {
  if (thrown instanceof PosternError) return thrown;
  if (!(thrown instanceof ServerError)) return connectionLost(thrown);
  const { fields } = thrown;
  if (isTimeout(fields)) return statementTimedOut(timeoutMs, statementIndex);
  return new PosternError(fields.code, withoutOwnName(fields), {
    detail: fields.detail,
    hint: fields.hint ?? hintFor(fields),
    position: fields.position === undefined ? undefined : Number(fields.position),
    statementIndex,
    cause: thrown,
  });
}

/** "bind message supplies 1 parameters, but prepared statement "p7" requires 2": the name is Postern's own. */
const withoutOwnName = ({ code, message }: ServerErrorFields): string =>
  code === "08P01" ? message.replace(/prepared statement "\w*"/, "the statement") : message;

/** The same SQLSTATE means that somebody canceled the statement. Messages are never translated on Postern's servers. */
const isTimeout = ({ code, message }: ServerErrorFields): boolean =>
  code === "57014" && message.includes("statement timeout");

function hintFor({ code, routine }: ServerErrorFields): string | undefined {
  if (code === "42601" && routine === "exec_parse_message") {
    return "Send one statement in `sql`; send several to /transaction.";
  }
  if (code === "25001") return "Send this statement alone to /execute: it cannot be part of a transaction.";
  if (code === "2D000") return "Call this procedure with /execute: it ends transactions by itself.";
  return undefined;
}

const connectionLost = (thrown: unknown) =>
  posternError("Y4001", "The connection to the database broke while the statement ran.", {
    detail: messageOf(thrown),
    hint: "Whether it took effect is not known: look before you repeat it.",
    cause: thrown,
  });
