/** In charge of the registered servers, from the caller's side. */
import type { Requests } from "./control-backups.ts";
import type { DeregisteredInstance, RegisteredInstance, RegisterInstanceRequest } from "./protocol.ts";

const root = "/admin/managed-db/instances";
const pathOf = (ref: string): string => `/v1/instances/${encodeURIComponent(ref)}`;

export const instanceMethods = ({ get, post, remove }: Pick<Requests, "get" | "post" | "remove">) => ({
  /** For administrators, like all of these. */
  listInstances: () => get<RegisteredInstance[]>(root),
  registerInstance: (input: RegisterInstanceRequest) => post<RegisteredInstance>(root, input),
  showInstance: (ref: string) => get<RegisteredInstance>(`${root}/${encodeURIComponent(ref)}`),
  /** Nothing new is placed there; what is there stays. */
  drainInstance: (ref: string, draining = true) =>
    post<RegisteredInstance>(`${pathOf(ref)}/drain`, { draining }),
  /** Looks now, instead of at the next look. */
  checkInstance: (ref: string) => post<RegisteredInstance>(`${pathOf(ref)}/check`),
  /** `force`: also when the server does not answer, so that what Postern made there stays. */
  deregisterInstance: (ref: string, options: { force?: boolean } = {}) =>
    remove<DeregisteredInstance>(`${pathOf(ref)}${options.force ? "?force=true" : ""}`),
});
