/** In charge of the tokens by which gateways are let in: made, revoked, and held against what comes. */
import type { CreatedGatewayToken, GatewayTokenInfo } from "@postern/sdk/protocol";
import { hasCode, posternError } from "../base/error.ts";
import { newGatewayTokenId } from "../base/id.ts";
import { hashSecret, newGatewayToken } from "../base/secrets.ts";
import {
  findGatewayToken,
  type GatewayTokenRow,
  insertGatewayToken,
  listGatewayTokens,
  revokeGatewayToken,
} from "../state/gateways.ts";
import type { Queryable } from "../state/state.ts";

interface Place {
  state: Queryable;
}

/** The token is in the answer and nowhere else. @throws Y8055 */
export async function createGatewayToken({ state }: Place, name: string): Promise<CreatedGatewayToken> {
  const token = newGatewayToken();
  try {
    const row = await insertGatewayToken(state, { id: newGatewayTokenId(), name, hash: hashSecret(token) });
    return { ...describeGatewayToken(row), token };
  } catch (error) {
    if (!hasCode(error, "23505")) throw error;
    throw posternError("Y8055", `There is a gateway token ${name} already.`, {
      hint: "Choose another name, or revoke that one first: `postern admin gateway token revoke`.",
    });
  }
}

export const describeGatewayTokens = async ({ state }: Place): Promise<GatewayTokenInfo[]> =>
  (await listGatewayTokens(state)).map(describeGatewayToken);

/** @param ref id or name @throws Y8054 */
export async function endGatewayToken({ state }: Place, ref: string): Promise<GatewayTokenInfo> {
  const row = await revokeGatewayToken(state, ref);
  if (row) return describeGatewayToken(row);
  throw posternError("Y8054", `There is no gateway token ${ref}.`, {
    hint: "See `postern admin gateway token list`.",
  });
}

const describeGatewayToken = (row: GatewayTokenRow): GatewayTokenInfo => ({
  id: row.id,
  name: row.name,
  created_at: row.created_at.toISOString(),
  last_used_at: row.last_used_at?.toISOString() ?? null,
  revoked_at: row.revoked_at?.toISOString() ?? null,
});

/** Of a gateway's own token. */
export interface GatewayPrincipal {
  tokenId: string;
  tokenName: string;
}

/** A token that another control plane has revoked opens nothing a second later. */
const freshMs = 1_000;
const mostRemembered = 1_000;
const tokenPattern = /^gw_[0-9a-f]{64}$/;

export class GatewayAuthenticator {
  readonly #place: Place;
  readonly #known = new Map<string, { askedAt: number; principal: GatewayPrincipal }>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** @throws Y8050 */
  async authenticate(token: string): Promise<GatewayPrincipal> {
    if (!tokenPattern.test(token)) throw notAdmitted();
    const hash = hashSecret(token);
    const key = hash.toString("hex");
    const known = this.#known.get(key);
    const askedAt = performance.now();
    if (known && askedAt - known.askedAt < freshMs) return known.principal;
    this.#known.delete(key);
    const row = await findGatewayToken(this.#place.state, hash);
    if (!row) throw notAdmitted();
    const principal = { tokenId: row.id, tokenName: row.name };
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(key, { askedAt, principal });
    return principal;
  }

  /** One was revoked. */
  forget(): void {
    this.#known.clear();
  }
}

const notAdmitted = () =>
  posternError("Y8050", "This gateway token is not known, or was revoked.", {
    hint: "An administrator makes one: `postern admin gateway token create NAME`.",
  });
