/** In charge of the shapes of whether an application's users may reach a database. */
import type { JsonValue, QueryRequest } from "./protocol-query.ts";

/** Body of `PUT /v1/databases/:ref/client-access`; what is absent stays as it is. */
export interface ClientAccessRequest {
  /** OpenID issuer of the users' tokens, as their `iss` has it; null: the server's. */
  issuer?: string | null;
  /** What the tokens' `aud` must name; null: the server's, or anything where the issuer is the database's own. */
  audience?: string | null;
}

export interface ClientAccessInfo {
  enabled: boolean;
  /** Whose tokens are taken; null: nobody's, and every client is `anon`. */
  issuer: string | null;
  /** Null: the tokens' audience is not looked at. */
  audience: string | null;
  /** After a change: was there anything to change? */
  changed?: boolean;
  /** After enabling: what clients reach past row security. */
  warnings?: string[];
}

/** A statement to run as a client would and to undo. One of `subject` and `anonymous`. */
export interface RowSecurityTestRequest extends QueryRequest {
  /** What auth.uid() is to be. */
  subject?: string;
  /** What auth.jwt() is to say beside it. */
  claims?: { [name: string]: JsonValue };
  /** As a client without a token, read-only. */
  anonymous?: boolean;
}
