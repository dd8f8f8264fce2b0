/** In charge of a data plane's context for tests that look behind the query service. */
import type { Limits } from "../../src/base/config.ts";
import { posternError } from "../../src/base/error.ts";
import type { DatabaseAddress } from "../../src/instances/database-address.ts";
import { createQueryContext, type QueryContext } from "../../src/query/query-context.ts";
import { queryLimits } from "./query-fixture.ts";

export const openQueryContext = (address: DatabaseAddress, limits: Partial<Limits> = {}): QueryContext =>
  createQueryContext(address, { ...queryLimits, ...limits });

export async function closeQueryContext({ pool, shared }: QueryContext): Promise<void> {
  const because = posternError("Y3004", "The test is over.");
  await Promise.all([pool.close(because), shared.close(because)]);
}
