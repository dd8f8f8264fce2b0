/** In charge of the part of the control plane that is about an application's users. */
import type { Requests } from "./control-backups.ts";
import { clientAccessPath } from "./control-paths.ts";
import type { ClientAccessInfo, ClientAccessRequest } from "./protocol.ts";
import { readJson } from "./send-request.ts";

export function clientAccessMethods({ send, get, remove }: Pick<Requests, "send" | "get" | "remove">) {
  return {
    getClientAccess: (ref: string) => get<ClientAccessInfo>(clientAccessPath(ref)),
    /** Also changes whose tokens are taken. */
    enableClientAccess: async (ref: string, input: ClientAccessRequest = {}) =>
      readJson<ClientAccessInfo>(await send("PUT", clientAccessPath(ref), input)),
    disableClientAccess: (ref: string) => remove<ClientAccessInfo>(clientAccessPath(ref)),
  };
}
