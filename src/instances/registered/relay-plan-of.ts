/** In charge of what the relay is told of a registered server. */

import { loginPassword } from "../../runtime/relay/login-password.ts";
import type { RelayPlan } from "../../runtime/relay/relay-plan.ts";
import { listOwnersOn, listRegistered, type RegisteredRow } from "../../state/registered-instances.ts";
import { adminRole, backupRole } from "../database-address.ts";
import type { Platform } from "../platform.ts";
import { serverLayout } from "../server-layout.ts";

export interface RegisteredSecrets {
  /** Of the administrator that registered it. */
  password: string;
  /** From which the passwords of Postern's own roles there follow. Base64. */
  loginKey: string;
}

type Place = Pick<Platform, "config" | "secrets">;

export const openSecrets = (
  { secrets }: Pick<Platform, "secrets">,
  row: Pick<RegisteredRow, "id" | "secrets_sealed">,
): RegisteredSecrets => JSON.parse(secrets.open(row.secrets_sealed, row.id)) as RegisteredSecrets;

export function relayPlanOf(
  { config }: Pick<Platform, "config">,
  row: Pick<RegisteredRow, "id" | "hosts" | "tls_mode" | "tls_ca" | "maintenance_database" | "is_superuser">,
  loginKey: string,
  logins: Record<string, string[]> = {},
): RelayPlan {
  return {
    name: row.id,
    directory: serverLayout(config.home, row.id).socketDirectory,
    hosts: row.hosts,
    tls: row.tls_mode === "disable" ? null : { mode: row.tls_mode, ca: row.tls_ca },
    maintenanceDatabase: row.maintenance_database,
    // Only a superuser can make a role that reads everything and writes nothing.
    aliases: row.is_superuser ? {} : { [backupRole]: adminRole },
    logins,
    loginKey,
  };
}

/** Of all of them, with the owners of the databases there. */
export async function listRelayPlans(
  place: Place,
  state: Parameters<typeof listRegistered>[0],
): Promise<RelayPlan[]> {
  const owners = await listOwnersOn(state);
  return (await listRegistered(state)).map((row) => {
    const logins = Object.fromEntries(
      owners
        .filter(({ instance_id: id }) => id === row.id)
        .map((owner) => [owner.role_name, [place.secrets.open(owner.password_sealed, owner.id)]]),
    );
    return relayPlanOf(place, row, openSecrets(place, row).loginKey, logins);
  });
}

/** The password of a role that Postern alone logs in as; undefined for a server of Postern's own, which asks for none. */
export function ownLoginPassword(
  { gate }: Partial<Pick<Platform, "gate">>,
  instance: string | null,
  role: string,
): string | undefined {
  const plan = instance === null ? undefined : gate?.relay(instance);
  return plan && loginPassword(plan.loginKey, role);
}
