/** In charge of a statement's answer as values, for commands that print it as a whole. */
import pg from "pg";
import { type SqlResult, sqlResult } from "../sql-result.ts";
import { types } from "../url-mode.ts";
import { jsonValue } from "./formats/machine.ts";
import type { ShellSession } from "./shell-session.ts";
import type { ResultColumn, StatementSink, TextRow } from "./stream-statement.ts";

/** With where COPY's data goes and comes from. */
export interface ReadOptions extends Pick<StatementSink, "copyIn" | "copyOut"> {
  maxRows?: number;
}

/** Of more than `maxRows` rows the first; `isCut` says so, and the server is not asked for the rest. */
export async function readResult(
  session: ShellSession,
  sql: string,
  params: readonly string[],
  { maxRows = Number.POSITIVE_INFINITY, ...copy }: ReadOptions = {},
): Promise<{ result: SqlResult; isCut: boolean }> {
  let columns: ResultColumn[] | undefined;
  const rows: TextRow[] = [];
  const end = await session.run(sql, params, {
    columns(found) {
      columns = found;
    },
    ...copy,
    async rows(batch) {
      for (const row of batch) rows.push(row);
      return rows.length > maxRows ? "stop" : undefined;
    },
  });
  if (!columns) return { result: sqlResult(undefined, [], end.count ?? 0), isCut: false };
  const kept = rows.slice(0, Math.min(rows.length, maxRows));
  const names = await readTypeNames(session, columns);
  const known = columns.map((column) => ({
    ...column,
    isArray: names.get(column.typeOid)?.startsWith("_") === true,
  }));
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

/** As SQL over HTTP answers them. */
function asValue(text: string | null, column: ResultColumn & { isArray: boolean }): unknown {
  return column.isArray && text !== null
    ? readArray(text, column.typeOid)
    : JSON.parse(jsonValue(text, column));
}

/** Elements of types that are not known stay text. */
function readArray(text: string, typeOid: number): unknown {
  const parsed: unknown = types.getTypeParser(typeOid, "text")(text);
  return spelled(Array.isArray(parsed) ? parsed : arrayParser.create(text, String).parse());
}

/** Declared as what it was in an older version. */
const arrayParser = pg.types.arrayParser as unknown as {
  create(text: string, read: (element: string) => unknown): { parse(): unknown[] };
};

/** JSON has no NaN and no infinity. */
const spelled = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(spelled)
    : typeof value === "number" && !Number.isFinite(value)
      ? String(value)
      : value;

async function readTypeNames(
  session: ShellSession,
  columns: readonly ResultColumn[],
): Promise<Map<number, string>> {
  const oids = `{${[...new Set(columns.map(({ typeOid }) => typeOid))].join(",")}}`;
  const found = await session.query("select oid, typname from pg_type where oid = any($1::oid[])", [oids]);
  return new Map(found.map(({ oid, typname }) => [Number(oid), typname!]));
}
