/** In charge of the part of the control plane that is about a database's tokens. */
import type { Requests } from "./control-backups.ts";
import { tokensPath } from "./control-paths.ts";
import type { CreatedToken, CreateTokenRequest, TokenInfo } from "./protocol.ts";

export function tokenMethods({ get, post, remove }: Pick<Requests, "get" | "post" | "remove">) {
  return {
    /** Without their secrets; revoked ones are not in it. */
    listTokens: (ref: string) => get<TokenInfo[]>(tokensPath(ref)),
    createToken: (ref: string, input: CreateTokenRequest = {}) => post<CreatedToken>(tokensPath(ref), input),
    /** By id, or by a label that no other has. */
    revokeToken: (ref: string, token: string) =>
      remove<TokenInfo>(`${tokensPath(ref)}/${encodeURIComponent(token)}`),
  };
}
