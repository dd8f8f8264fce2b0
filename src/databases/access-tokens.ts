/** In charge of the tokens of a database: more than one, each with a label, what it may do, and when it ends. */
import type { CreatedToken, CreateTokenRequest, TokenInfo } from "@postern/sdk/protocol";
import { parseDuration } from "../base/duration.ts";
import { posternError } from "../base/error.ts";
import { newTokenId } from "../base/id.ts";
import { hashSecret, newToken } from "../base/secrets.ts";
import type { Platform } from "../instances/platform.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findTokens, insertScopedToken, listTokens, revokeToken, type TokenRow } from "../state/tokens.ts";

type Place = Pick<Platform, "state" | "clock">;

/** Each request is held against all of them. */
const mostTokens = 500;
const labelPattern = /^\P{Cc}{1,64}$/u;
const tenantPattern = /^\P{Cc}{1,255}$/u;
const idPattern = /^tok-[0-9a-f]{12}$/;

/** Without `scope` and `tenant` it may do all that its database's owner may. @throws Y1001 Y3041 */
export async function createToken(
  { state, clock }: Place,
  row: DatabaseRow,
  { label, scope = "full", tenant: wanted, expires_in: expiresIn }: CreateTokenRequest,
): Promise<CreatedToken> {
  const tenant = wanted ?? null;
  const name = label ?? tenant?.slice(0, 64) ?? "token";
  if (tenant !== null && !tenantPattern.test(tenant)) {
    throw posternError("Y1001", "This cannot be the name of a tenant.", {
      hint: "It has 1 to 255 characters and no control characters: the value of tenant_id in the tenant's rows.",
    });
  }
  if (!labelPattern.test(name) || idPattern.test(name)) {
    throw posternError("Y1001", "This cannot be the label of a token.", {
      hint: "It has 1 to 64 characters, no control characters, and does not look like a token's id.",
    });
  }
  const expiresAt = expiresIn === undefined ? null : new Date(clock.now().getTime() + lifetimeMs(expiresIn));
  const token = newToken();
  const created = await state.transaction(async (tx) => {
    // Two at once must not both be the last that there is room for.
    await tx.query("select from databases where id = $1 for update", [row.id]);
    if ((await listTokens(tx, row.id)).length >= mostTokens) throw tooMany(row);
    return insertScopedToken(tx, {
      id: newTokenId(),
      databaseId: row.id,
      hash: hashSecret(token),
      label: name,
      scope,
      tenant,
      expires_at: expiresAt,
    });
  });
  return { ...describeToken(created), token };
}

/** The newest first; those that were revoked are not in it. */
export const listDatabaseTokens = async ({ state }: Place, row: DatabaseRow): Promise<TokenInfo[]> =>
  (await listTokens(state, row.id)).map(describeToken);

/** @param ref id, or a label that only one of them has. @throws Y3042 Y1001 */
export async function revokeDatabaseToken(
  { state }: Place,
  row: DatabaseRow,
  ref: string,
): Promise<TokenInfo> {
  const found = await findTokens(state, row.id, ref);
  if (found.length > 1) {
    throw posternError("Y1001", `${found.length} tokens have the label "${ref}".`, {
      detail: `Their ids: ${found.map(({ id }) => id).join(", ")}.`,
      hint: "Name one by its id.",
    });
  }
  const revoked = found[0] && (await revokeToken(state, found[0].id));
  if (revoked) return describeToken(revoked);
  throw posternError("Y3042", `Database ${row.name} has no token "${ref}".`, {
    hint: `\`postern db token list ${row.name}\` shows them.`,
  });
}

export const describeToken = (row: TokenRow): TokenInfo => ({
  id: row.id,
  label: row.label,
  scope: row.scope,
  tenant: row.tenant,
  created_at: row.created_at.toISOString(),
  expires_at: row.expires_at?.toISOString() ?? null,
  last_used_at: row.last_used_at?.toISOString() ?? null,
  revoked_at: row.revoked_at?.toISOString() ?? null,
});

const longestMs = 10 * 365 * 86_400_000;

function lifetimeMs(text: string): number {
  const ms = parseDuration(text);
  if (ms > 0 && ms <= longestMs) return ms;
  throw posternError("Y1001", `A token cannot expire in ${text}.`, {
    hint: "Give a time between 1s and ten years, or none for a token that does not expire.",
  });
}

const tooMany = (row: DatabaseRow) =>
  posternError("Y3041", `Database ${row.name} has ${mostTokens} tokens already.`, {
    hint: `Revoke some: \`postern db token list ${row.name}\` shows when each was used last.`,
  });
