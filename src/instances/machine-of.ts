/** In charge of what a copy's server is provisioned with, so that it is of the same kind as the original's. */
import type { DatabaseRow } from "../state/databases.ts";
import type { ProvisionOptions } from "./provision-instance.ts";

/** A machine of its own stands behind the gate from the beginning, as when it is made. */
export const machineOf = ({ isolation }: Pick<DatabaseRow, "isolation">): ProvisionOptions =>
  isolation === "microvm" ? { inGuest: true, sleeps: true } : {};
