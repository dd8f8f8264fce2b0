/** In charge of a statement's answer as values, for commands that print it as a whole. */
import { type SqlResult, sqlResult } from "../sql-result.ts";
import { jsonValue } from "./formats/machine.ts";
import type { ShellSession } from "./shell-session.ts";
import type { ResultColumn, TextRow } from "./stream-statement.ts";

/** Of more than `maxRows` rows the first; `isCut` says so, and the server is not asked for the rest. */
export async function readResult(
  session: ShellSession,
  sql: string,
  params: readonly string[],
  maxRows = Number.POSITIVE_INFINITY,
): Promise<{ result: SqlResult; isCut: boolean }> {
  let columns: ResultColumn[] | undefined;
  const rows: TextRow[] = [];
  const end = await session.run(sql, params, {
    columns(found) {
      columns = found;
    },
    async rows(batch) {
      for (const row of batch) rows.push(row);
      return rows.length > maxRows ? "stop" : undefined;
    },
  });
  if (!columns) return { result: sqlResult(undefined, [], end.count ?? 0), isCut: false };
  const known = columns;
  const kept = rows.slice(0, Math.min(rows.length, maxRows));
  const names = await readTypeNames(session, known);
  return {
    isCut: rows.length > kept.length,
    result: sqlResult(
      known.map(({ name, typeOid }) => ({
        name,
        type_oid: typeOid,
        type: names.get(typeOid) ?? "unknown",
      })),
      kept.map((row) => known.map((column, at) => asValue(row[at] ?? null, column))),
      kept.length,
    ),
  };
}

/** As SQL over HTTP answers them, but for arrays, which stay in Postgres's own form. */
const asValue = (text: string | null, column: ResultColumn): unknown => JSON.parse(jsonValue(text, column));

async function readTypeNames(
  session: ShellSession,
  columns: readonly ResultColumn[],
): Promise<Map<number, string>> {
  const oids = `{${[...new Set(columns.map(({ typeOid }) => typeOid))].join(",")}}`;
  const found = await session.query("select oid, typname from pg_type where oid = any($1::oid[])", [oids]);
  return new Map(found.map(({ oid, typname }) => [Number(oid), typname!]));
}
