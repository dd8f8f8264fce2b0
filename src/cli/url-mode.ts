/** In charge of what the command line does with a Postgres address itself, without the daemon in between. */
import pg from "pg";
import { hasCode, messageOf, PosternError, posternError } from "../base/error.ts";
import { postgresAddress } from "./postgres-address.ts";
import { type SqlResult, sqlResult } from "./sql-result.ts";
import type { SqlSession } from "./sql-session.ts";

const connectLimitMs = 10_000;

/** Values come as SQL over HTTP answers them: times as text, int8 and numeric as strings. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    timeTypes.has(oid) ? (text: string) => text : pg.types.getTypeParser(oid, format)) as never,
};
/** date, timestamp, timestamptz, interval, and arrays of them; point and circle, which pg makes objects of; bytea. */
const timeTypes = new Set([17, 600, 718, 1082, 1114, 1115, 1182, 1184, 1185, 1186, 1187]);

export async function openUrlSession(url: string, readOnly: boolean, label?: string): Promise<SqlSession> {
  const client = new pg.Client({
    ...postgresAddress(url),
    connectionTimeoutMillis: connectLimitMs,
    application_name: "postern",
    types,
  });
  // A connection that is lost makes the statement under way fail, which tells enough.
  client.on("error", () => {});
  try {
    await client.connect();
    if (readOnly) await client.query("set default_transaction_read_only = on");
  } catch (error) {
    if (isSqlError(error)) throw asSqlError(error);
    throw posternError("Y4001", "Postgres does not answer.", { detail: messageOf(error), cause: error });
  }
  return {
    label: label ?? `${client.host}:${client.port}/${client.database}`,
    async run(sql, params = []) {
      try {
        // Without parameters several statements may come, and each has its own result.
        const values = params.length === 0 ? {} : { values: [...params] };
        const answer = await client.query({ text: sql, rowMode: "array", ...values });
        const results = Array.isArray(answer) ? (answer as pg.QueryArrayResult[]) : [answer];
        return await readResults(client, results);
      } catch (error) {
        throw isSqlError(error) ? asSqlError(error) : error;
      }
    },
    close: () => client.end(),
  };
}

const typeNamesSql = "select oid::int as oid, typname as name from pg_type where oid = any($1::oid[])";

export async function readResults(client: pg.Client, results: pg.QueryArrayResult[]): Promise<SqlResult[]> {
  const oids = [...new Set(results.flatMap(({ fields }) => fields.map(({ dataTypeID }) => dataTypeID)))];
  const known =
    oids.length === 0 ? [] : (await client.query<{ oid: number; name: string }>(typeNamesSql, [oids])).rows;
  const names = new Map(known.map(({ oid, name }) => [oid, name]));
  const columnsOf = (fields: pg.FieldDef[]) =>
    fields.map(({ name, dataTypeID }) => ({
      name,
      type_oid: dataTypeID,
      type: names.get(dataTypeID) ?? "unknown",
    }));
  return results.map(({ fields, rows, rowCount }) =>
    sqlResult(fields.length === 0 ? undefined : columnsOf(fields), rows, rowCount ?? 0),
  );
}

const isSqlError = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError && error.code !== undefined && !hasCode(error, "ECONNREFUSED");

const asSqlError = (error: pg.DatabaseError): PosternError =>
  new PosternError(error.code!, error.message, {
    detail: error.detail,
    hint: error.hint,
    position: error.position === undefined ? undefined : Number(error.position),
    cause: error,
  });
