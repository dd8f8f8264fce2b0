/** In charge of the data plane of a platform: where its databases are comes from Postern's own tables. */
import type { Config } from "../base/config.ts";
import type { Platform } from "../instances/platform.ts";
import { findAddress } from "./find-address.ts";
import { createQueryService, type QueryService, type QueryServiceOptions } from "./query-service.ts";

export const openQueryService = (
  platform: Pick<Platform, "state" | "config">,
  logs: Pick<QueryServiceOptions, "openClientAccess" | "prepareLog">,
): QueryService =>
  createQueryService({
    limits: limitsOf(platform.config),
    clientLimits: platform.config.clientLimits,
    findAddress: (databaseId) => findAddress(platform, databaseId),
    ...logs,
  });

/** With workers in front, only what is unusual comes here. */
const limitsOf = ({ limits, workers }: Config): Config["limits"] =>
  workers === 0 ? limits : { ...limits, connectionsPerDatabase: 3 };
