/** In charge of giving each process that answers SQL over HTTP its way to tell who a client is. */
import { ClientAuthenticator, type FindClientAccess } from "../access/authenticate-client.ts";
import { issuerRulesOf } from "../access/issuer-address.ts";
import { TokenVerifier } from "../access/token-verifier.ts";
import type { Config } from "../base/config.ts";
import type { Observe } from "../base/observation.ts";

export const openClientAuthenticator = (
  config: Config,
  findClientAccess: FindClientAccess,
  observe: Observe,
): ClientAuthenticator =>
  new ClientAuthenticator({
    findClientAccess,
    tokens: new TokenVerifier({ rules: issuerRulesOf(config), observe }),
  });
