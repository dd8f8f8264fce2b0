/** In charge of `postern db rls test`: what a client of the database would see. */
import type { JsonValue } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgresAt } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import { printAnswers } from "../print-answers.ts";
import { type SqlResult, sqlResult } from "../sql-result.ts";
import { printable } from "../table.ts";
import { type DatabaseTarget, requireTarget, type Target } from "../target.ts";
import { readResults, types } from "../url-mode.ts";
import { withPosition } from "./db-exec.ts";

export interface Trial extends Identity {
  sql: string;
  params: readonly string[];
}

interface Identity {
  /** Null for a client without a token. */
  subject: string | null;
  claims: Record<string, unknown>;
}

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const sql = input.args[0]!;
  const trial: Trial = { sql, params: input.list("param"), ...readIdentity(input) };
  const target = await requireTarget(context, input, input.text("database"));
  const startedAt = performance.now();
  const result = await tryAs(context, target, trial);
  const ms = performance.now() - startedAt;
  await printAnswers(output, [{ result, ms }]);
  const who = trial.subject === null ? "anon" : `authenticated, ${trial.subject}`;
  output.talk(printable(`As ${who}. Rolled back.`));
  return undefined;
};

/** The answer that such a client of the database gets; nothing of it stays. */
export function tryAs(context: CliContext, target: Target, trial: Trial): Promise<SqlResult> {
  const trying = target.kind === "url" ? tryAt(target.url, trial) : tryThroughDaemon(context, target, trial);
  return trying.catch((error: unknown) => {
    throw withPosition(error, trial.sql);
  });
}

/** @throws Y1013 */
function readIdentity(input: CommandInput): Identity {
  const subject = input.text("as");
  const claims = input.text("claims");
  if ((subject === undefined) !== input.flag("anon")) {
    throw posternError("Y1013", "Give one of: --as SUBJECT, --anon.");
  }
  if (subject === undefined && claims !== undefined) {
    throw posternError("Y1013", "--claims needs --as: a client without a token has no claims.");
  }
  if (subject === undefined) return { subject: null, claims: {} };
  return { subject, claims: { ...parseClaims(claims ?? "{}"), sub: subject } };
}

function parseClaims(text: string): Record<string, unknown> {
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch {
    claims = undefined;
  }
  if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) {
    return claims as Record<string, unknown>;
  }
  throw posternError("Y1013", "--claims is not a JSON object.", { hint: `For example '{"role":"admin"}'.` });
}

async function tryThroughDaemon(
  context: CliContext,
  target: DatabaseTarget,
  { sql, params, subject, claims }: Trial,
): Promise<SqlResult> {
  const control = await context.forDatabase(target);
  const identity =
    subject === null ? { anonymous: true } : { subject, claims: claims as Record<string, JsonValue> };
  const request = { sql, params: [...params], ...identity };
  const { fields, rows, rows_affected } = await control.testRowSecurity<unknown[]>(target.ref, request, {
    rowsAsArrays: true,
  });
  return sqlResult(fields, rows ?? [], rows_affected);
}

/** The address is the caller's own: nothing that the statement does reaches further than they do. */
async function tryAt(url: string, { sql, params, subject, claims }: Trial): Promise<SqlResult> {
  const { tryAsClient } = await import("../../postgres/row-security/try-as-client.ts");
  return withPostgresAt(url, async (client) => {
    const result = await tryAsClient(client, {
      sql,
      params,
      subject,
      types,
      async identify() {
        const value = subject === null ? "" : JSON.stringify(claims);
        await client.query("select set_config('request.jwt.claims', $1, true)", [value]);
      },
    });
    return (await readResults(client, [result]))[0]!;
  });
}
