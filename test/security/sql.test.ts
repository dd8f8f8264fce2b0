/** What users and anonymous callers can do with SQL of their own making. */
import { useBattlefield } from "../support/attack.ts";
import { describeCounts } from "../support/attack-count.ts";
import { forgeIdentities } from "./sql/identity.ts";
import { doWhatNobodyGranted } from "./sql/privileges.ts";
import { reachRowsOfOthers } from "./sql/row-security.ts";
import { poisonSessions } from "./sql/session-poisoning.ts";
import { watchOthers } from "./sql/spying.ts";
import { reachOtherTenants } from "./sql/tenants.ts";
import { breakTransactions } from "./sql/transactions.ts";
import { workAsEver } from "./sql/working.ts";

const battlefield = useBattlefield();

forgeIdentities(battlefield);
doWhatNobodyGranted(battlefield);
reachRowsOfOthers(battlefield);
reachOtherTenants(battlefield);
poisonSessions(battlefield);
watchOthers(battlefield);
breakTransactions(battlefield);
workAsEver(battlefield);
describeCounts();
