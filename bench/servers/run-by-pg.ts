/** In charge of running requests with a `pg` pool the way most applications do. */
import type pg from "pg";
import type { Statement } from "../workloads.ts";

const answerOf = (result: pg.QueryResult) => ({
  rows: result.rows,
  fields: result.fields.map((field) => ({ name: field.name, type_oid: field.dataTypeID })),
  row_count: result.rowCount,
});

/** `named`: each text is prepared once on each connection. */
export function runByPg(pool: pg.Pool, { named }: { named: boolean }) {
  const names = new Map<string, string>();
  const nameOf = (sql: string): string => {
    if (!names.has(sql)) names.set(sql, `s${names.size}`);
    return names.get(sql)!;
  };
  const configOf = ({ sql, params }: Statement): pg.QueryConfig => ({
    text: sql,
    ...(params ? { values: params } : {}),
    ...(named ? { name: nameOf(sql) } : {}),
  });

  return {
    async query(statement: Statement) {
      return answerOf(await pool.query(configOf(statement)));
    },

    async transaction(statements: readonly Statement[]) {
      const client = await pool.connect();
      try {
        await client.query("begin");
        const results = [];
        for (const statement of statements) results.push(answerOf(await client.query(configOf(statement))));
        await client.query("commit");
        return { results };
      } catch (error) {
        await client.query("rollback");
        throw error;
      } finally {
        client.release();
      }
    },
  };
}
