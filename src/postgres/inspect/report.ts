/** In charge of the form in which a look at a database is declared: what it asks, what it shows, and what mends what it finds. */
import type pg from "pg";

export type InspectForm = "text" | "count" | "bytes" | "duration" | "percent" | "time" | "flag";

export interface InspectColumn {
  /** Name of the value, as JSON has it. */
  key: string;
  /** Head of the column; the key when absent. */
  title?: string;
  form?: InspectForm;
}

/** A line of what was found; `mend` is the command that mends it, where there is one. */
export type InspectRow = Record<string, unknown> & { mend?: string | null; note?: string | null };

export interface InspectOptions {
  /** Only what has lasted longer, milliseconds. */
  overMs: number;
}

export interface InspectReport {
  name: string;
  summary: string;
  columns: readonly InspectColumn[];
  /** What is said when nothing was found. */
  nothing: string;
  read(client: pg.ClientBase, options: InspectOptions): Promise<InspectRow[]>;
  /** What one has to know of the figures, for people. */
  remark?(client: pg.ClientBase): Promise<string | undefined>;
}

/** Of the user's tables: neither Postgres's own nor Postern's. `n` is pg_namespace. */
export const userSchemas =
  "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'postern', 'postern_private')";

/** Name of a relation `c` in schema `n` as one would write it, without the schema where it is public. */
export const shortName =
  "case when n.nspname = 'public' then quote_ident(c.relname) else quote_ident(n.nspname) || '.' || quote_ident(c.relname) end";

/** Of a statement one line, and not all of a long one; null where this role may not see it. */
export const shortStatement = (column: string): string =>
  `case when ${column} = '<insufficient privilege>' then null
        else left(regexp_replace(${column}, '\\s+', ' ', 'g'), 200) end`;

/** Milliseconds since a moment. */
export const msSince = (column: string): string =>
  `greatest(0, round(extract(epoch from clock_timestamp() - ${column}) * 1000))::float8`;

export const rowsOf = async (
  client: pg.ClientBase,
  sql: string,
  params: unknown[] = [],
): Promise<InspectRow[]> => (await client.query<InspectRow>(sql, params)).rows;
