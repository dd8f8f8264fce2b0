/** In charge of the statements behind looking into a database: run as the owner, read-only, or as a client, and undone. */
import type { TableName } from "@postern/sdk/protocol";
import type { DepartureSignal } from "../base/departure.ts";
import { hasCode } from "../base/error.ts";
import type { QueryService, QueryTarget } from "../query/query-service.ts";
import { readRelation } from "../records/read-relation.ts";
import type { Relation } from "../records/relation.ts";
import { parseCondition } from "./parse-condition.ts";
import type { Ask } from "./read-catalog.ts";

export interface BrowseOptions {
  signal?: DepartureSignal | undefined;
}

export type Value = string | null;

export function createBrowseQueries(query: Pick<QueryService, "execute">) {
  async function run(
    target: QueryTarget,
    { sql, params }: { sql: string; params: string[] },
    { signal }: BrowseOptions,
  ): Promise<Value[][]> {
    const answer = await query.execute(
      target,
      { sql, params },
      {
        rowsAsArrays: true,
        ...("kind" in target && target.kind === "client" ? { rollsBack: true } : { readOnly: true }),
        ...(signal && { signal }),
      },
    );
    return (JSON.parse(Buffer.concat(answer.chunks).toString()) as { rows?: Value[][] }).rows ?? [];
  }
  const ask =
    (owner: QueryTarget, options: BrowseOptions): Ask =>
    async (sql, params = []) =>
      (await run(owner, { sql, params }, options))[0]?.[0] ?? null;

  async function look(
    owner: QueryTarget,
    { table, where }: { table: TableName; where?: string | undefined },
    options: BrowseOptions,
  ): Promise<{ relation: Relation; condition: string | undefined }> {
    const inCatalog = ask(owner, options);
    const relation = await readRelation(
      async (sql, params) => (await inCatalog(sql, params)) ?? undefined,
      `${table.schema}.${table.name}`,
    );
    return { relation, condition: where === undefined ? undefined : await parseCondition(where) };
  }

  /** As the planner sees it. A client's statements cannot always be explained; then nobody knows. */
  async function estimate(
    target: QueryTarget,
    { sql, params }: { sql: string; params: string[] },
    options: BrowseOptions,
  ): Promise<number | null> {
    try {
      const [row] = await run(target, { sql: `explain (format json) select 1 ${sql}`, params }, options);
      const plan = row?.[0] as unknown;
      const [top] = (typeof plan === "string" ? JSON.parse(plan) : plan) as {
        Plan: { "Plan Rows": number };
      }[];
      return top?.Plan["Plan Rows"] ?? null;
    } catch (error) {
      if (hasCode(error, "42601", "0A000")) return null;
      throw error;
    }
  }

  return { run, ask, look, estimate };
}
