/** In charge of `postern db rls test`: what a client of the database would see. */
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgresAt } from "../connect-postgres.ts";
import { renderResult, resultToJson } from "../render-result.ts";
import type { SqlResult } from "../sql-session.ts";
import { requireTarget } from "../target.ts";
import { readResults, types } from "../url-mode.ts";
import { withPosition } from "./db-exec.ts";

interface Identity {
  /** Null for a client without a token. */
  subject: string | null;
  claims: Record<string, unknown>;
}

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const sql = input.args[0]!;
  const identity = readIdentity(input);
  const target = await requireTarget(context, input, input.text("database"));
  if (target.kind === "database") {
    throw posternError("Y1013", "This works with --url only.");
  }
  const startedAt = performance.now();
  const result = await tryAt(target.url, sql, input.list("param"), identity).catch((error: unknown) => {
    throw withPosition(error, sql);
  });
  const ms = performance.now() - startedAt;
  const who = identity.subject === null ? "anon" : `authenticated, ${identity.subject}`;
  await output.print(resultToJson(result), () => renderResult(result, ms));
  output.talk(`As ${who}. Rolled back.`);
  return undefined;
};

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

/** The address is the caller's own: nothing that the statement does reaches further than they do. */
async function tryAt(
  url: string,
  sql: string,
  params: readonly string[],
  { subject, claims }: Identity,
): Promise<SqlResult> {
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
