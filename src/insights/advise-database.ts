/** In charge of what would make a database faster or smaller: asked as its owner, of what its statements were in the last week. */
import type { DatabaseAdvice } from "@postern/sdk/protocol";
import { hasCode, posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import { adviseIndexes } from "../postgres/advise/advise-indexes.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { listStatements } from "../state/insights.ts";
import { preparePretending } from "./prepare-pretending.ts";

const workloadMs = 7 * 24 * 3_600_000;
const mostStatements = 200;

/** Wakes nobody. @throws Y1106 */
export async function adviseDatabase(platform: Platform, row: DatabaseRow): Promise<DatabaseAdvice> {
  if (row.paused_at !== null || row.instance_id === null) return { awake: false, statements: 0, indexes: [] };
  const since = new Date(platform.clock.now().getTime() - workloadMs);
  const known = await listStatements(platform.state, row.id, {
    since,
    order: "total",
    limit: mostStatements,
  });
  // Both ways of counting know the same statement.
  const workload = new Map(
    known
      .toSorted((a, b) => a.calls - b.calls)
      .flatMap(({ fingerprint, statement, calls, total_ms }) =>
        statement === null ? [] : [[fingerprint, { statement, calls, total_ms }] as const],
      ),
  );
  // Without it there is advice all the same, only with a guess in the place of the cost afterwards.
  await preparePretending(platform, row).catch((error: unknown) =>
    platform.observe({ type: "fault", where: `pretended indexes of ${row.id}`, error }),
  );
  const client = await connectAs(platform, row.instance_id, row.database_name, row.role_name);
  try {
    // Whoever alters a table is not to have advice queue up behind it.
    await client.query("set lock_timeout = '1s'; set statement_timeout = '10s'");
    const indexes = await adviseIndexes(client, [...workload.values()]);
    return { awake: true, statements: workload.size, indexes };
  } catch (error) {
    if (!hasCode(error, "55P03", "57014")) throw error;
    throw posternError("Y1106", "A table is locked, so nobody can tell now what would help.", {
      hint: "`postern db inspect blocking` shows who holds it. Try again after that.",
      cause: error,
    });
  } finally {
    await client.end().catch(() => {});
  }
}
