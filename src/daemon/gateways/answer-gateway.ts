/** In charge of what gateways are told: who may open a database, and how it is reached where that is not this machine. */
import type { DatabaseId } from "../../base/id.ts";
import { clientRoles } from "../../instances/client-access.ts";
import type { Platform } from "../../instances/platform.ts";
import { loginPassword } from "../../runtime/relay/login-password.ts";
import { findDatabaseById } from "../../state/databases.ts";
import { findInstance } from "../../state/instances.ts";
import type { WorkerQuestions } from "../workers/worker-messages.ts";
import type { GatewayDoor, GatewayPlace, GatewayQuestions } from "./gateway-messages.ts";

export const gatewayQuestions = (platform: Platform, questions: WorkerQuestions): GatewayQuestions => ({
  ...questions,
  place: (databaseId) => placeOf(platform, questions, databaseId),
  door: (innerName) => doorOf(platform, questions, innerName),
  poolPort: async () => platform.ports.pool,
});

/** For whoever logs in by a password of their own: nothing that would let them in is told. */
async function doorOf(
  platform: Platform,
  { findDatabaseId }: Pick<WorkerQuestions, "findDatabaseId">,
  innerName: string,
): Promise<GatewayDoor> {
  const databaseId = await findDatabaseId(innerName);
  const row = databaseId && (await findDatabaseById(platform.state, databaseId));
  const instanceId = row?.instance_id;
  if (!instanceId) return { type: "none" };
  const plan = platform.gate.relay(instanceId);
  if (plan) return { type: "instance", hosts: plan.hosts, tls: plan.tls };
  const instance = await findInstance(platform.state, instanceId);
  const port = instance?.front_port ?? instance?.tcp_port;
  return port ? { type: "port", port } : { type: "none" };
}

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
