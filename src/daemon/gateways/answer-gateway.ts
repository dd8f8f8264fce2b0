/** In charge of what gateways are told: who may open a database, and how it is reached where that is not this machine. */
import type { DatabaseId } from "../../base/id.ts";
import { clientRoles } from "../../instances/client-access.ts";
import type { Platform } from "../../instances/platform.ts";
import { loginPassword } from "../../runtime/relay/login-password.ts";
import { findDatabaseById } from "../../state/databases.ts";
import type { WorkerQuestions } from "../workers/worker-messages.ts";
import type { GatewayPlace, GatewayQuestions } from "./gateway-messages.ts";

export const gatewayQuestions = (platform: Platform, questions: WorkerQuestions): GatewayQuestions => ({
  ...questions,
  place: (databaseId) => placeOf(platform, questions, databaseId),
});

/** What cannot be asked now is the control plane's to say why. */
async function placeOf(
  platform: Platform,
  { findAddress }: Pick<WorkerQuestions, "findAddress">,
  databaseId: DatabaseId,
): Promise<GatewayPlace> {
  // Waits for a move that is about to end, as every request does.
  const address = await findAddress(databaseId).catch(() => undefined);
  const row = address && (await findDatabaseById(platform.state, databaseId));
  const plan = row?.instance_id && platform.gate.relay(row.instance_id);
  if (!plan) return { type: "elsewhere" };
  const { database, user } = address!;
  const roles = clientRoles(database);
  const derived = [roles.authenticated, roles.anonymous];
  return {
    type: "here",
    database,
    user,
    instance: plan.name,
    hosts: plan.hosts,
    tls: plan.tls,
    // Never the key itself, nor what any other role logs in with.
    logins: {
      [user]: plan.logins[user] ?? [],
      ...Object.fromEntries(derived.map((role) => [role, [loginPassword(plan.loginKey, role)]])),
    },
  };
}
