/** In charge of giving the HTTP server the functions that find out who is asking. */
import { Authenticator } from "../access/authenticate.ts";
import { createReadLogin } from "../access/read-login.ts";
import { findClientAccess } from "../databases/client-access.ts";
import type { AccessService } from "../http/services/access-services.ts";
import type { Platform } from "../instances/platform.ts";
import { findDatabaseIdByInnerName } from "../state/logins.ts";
import { loginAccess } from "./login-access.ts";
import { openClientAuthenticator } from "./open-client-authenticator.ts";

export function accessService(platform: Platform): AccessService & Pick<Authenticator, "forget"> {
  const { config, observe, state, clock } = platform;
  const clients = openClientAuthenticator(config, (id) => findClientAccess(platform, id), observe);
  const lookups = {
    readLogin: createReadLogin(platform),
    findDatabaseId: (innerName: string) => findDatabaseIdByInnerName(state, innerName),
  };
  return Object.assign(new Authenticator(state, undefined, clients), loginAccess(lookups, clock));
}
