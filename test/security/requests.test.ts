/** What can be sent over HTTP and to Postgres itself: tokens, bodies, headers, connections, and logins of other tenants. */
import { useBattlefield } from "../support/attack.ts";
import { describeCounts } from "../support/attack-count.ts";
import { misuseConnections } from "./requests/connections.ts";
import { confuseRequests } from "./requests/http.ts";
import { attackAsTenant } from "./requests/tenants.ts";
import { forgeTokens } from "./requests/tokens.ts";

const battlefield = useBattlefield();

forgeTokens(battlefield);
confuseRequests(battlefield);
misuseConnections(battlefield);
attackAsTenant(battlefield);
describeCounts();
