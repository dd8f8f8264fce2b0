/** In charge of the data plane of a platform: where its databases are comes from Postern's own tables. */
import type { Config } from "../base/config.ts";
import type { DatabaseId } from "../base/id.ts";
import type { ClientLogins } from "../instances/client-access.ts";
import type { Platform } from "../instances/platform.ts";
import { findAddress } from "./find-address.ts";
import { createQueryService, type QueryService } from "./query-service.ts";

export const openQueryService = (
  platform: Pick<Platform, "state" | "config">,
  openClientAccess: (databaseId: DatabaseId) => Promise<ClientLogins>,
): QueryService =>
  createQueryService({
    limits: limitsOf(platform.config),
    clientLimits: platform.config.clientLimits,
    findAddress: (databaseId) => findAddress(platform, databaseId),
    openClientAccess,
  });

/** With workers in front, only what is unusual comes here. */
const limitsOf = ({ limits, workers }: Config): Config["limits"] =>
  workers === 0 ? limits : { ...limits, connectionsPerDatabase: 3 };
