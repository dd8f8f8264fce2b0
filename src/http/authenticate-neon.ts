/** In charge of who sends a request of the Neon serverless driver, and to which database. */
import type { IncomingMessage } from "node:http";
import { looksLikeUserToken } from "../access/token-verifier.ts";
import { findBearer } from "./bearer.ts";
import { peerAddressOf } from "./peer-address.ts";
import { readNeonConnection } from "./read-neon-headers.ts";
import type { DataPlaneAccess } from "./services/access-services.ts";
import type { QueryPrincipal } from "./services/query-services.ts";

/**
 * A token goes before the password. The connection string says which database it is; `placeId`, where the request arrived,
 * counts when the string names an address only.
 */
export async function authenticateNeon(
  access: DataPlaneAccess,
  request: IncomingMessage,
  placeId: string | undefined,
): Promise<QueryPrincipal> {
  const { databaseId = placeId, ...login } = readNeonConnection(request.headers);
  const token = findBearer(request);
  if (token === undefined) {
    return access.authenticateLogin({ ...login, databaseId, callerAddress: peerAddressOf(request) });
  }
  const id = databaseId ?? (await access.findDatabaseId(login.database)) ?? "";
  return looksLikeUserToken(token)
    ? access.authenticateClient(id, token)
    : access.authenticateDatabase(id, token);
}
