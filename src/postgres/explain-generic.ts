/** In charge of the plan of a statement whose values nobody has: `$1` where one was. Nothing is run. */
import type pg from "pg";
import { hasCode } from "../base/error.ts";

/** Undefined where it cannot be planned without its values. */
export async function explainGeneric(client: pg.ClientBase, statement: string): Promise<unknown | undefined> {
  const count = Math.max(0, ...[...statement.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  if (statement.endsWith("…") || count > 500) return undefined;
  await client.query("begin read only");
  try {
    await client.query("set local statement_timeout = '5s'; set local plan_cache_mode = force_generic_plan");
    // Through a prepared statement, because EXPLAIN (GENERIC_PLAN) is there from Postgres 16 on only.
    await client.query(`prepare postern_plan as ${statement}`);
    const values = count === 0 ? "" : `(${Array.from({ length: count }, () => "null").join(", ")})`;
    const { rows } = await client.query(`explain (format json) execute postern_plan${values}`);
    return (rows[0] as { "QUERY PLAN": unknown[] })["QUERY PLAN"][0];
  } catch (error) {
    // Classes 42 and 22: what stood in the place of the value is part of the syntax, or the table is gone by now.
    if (/^(42|22|0A|25|57014)/.test((error as { code?: string }).code ?? "") || hasCode(error, "57014"))
      return undefined;
    throw error;
  } finally {
    await client.query("rollback").catch(() => {});
    await client.query("deallocate all").catch(() => {});
  }
}
