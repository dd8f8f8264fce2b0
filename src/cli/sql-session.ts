/** In charge of running SQL for the command line: over HTTP where the token is known, else over a connection. */
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { openClient } from "./open-control.ts";
import { type SqlResult, sqlResult } from "./sql-result.ts";
import { requireTarget, type Target } from "./target.ts";
import { openUrlSession } from "./url-mode.ts";
import { resolveApiAccess } from "./user-config.ts";

export interface SqlSession {
  /** What it is connected to, for people. */
  readonly label: string;
  run(sql: string, params?: readonly string[]): Promise<SqlResult[]>;
  close(): Promise<void>;
}

export interface SessionOptions {
  readOnly: boolean;
  /** Several statements, transactions, settings: what only a session of one's own can do. */
  connection: boolean;
}

export async function openSqlSession(
  context: CliContext,
  input: CommandInput,
  options: SessionOptions,
): Promise<SqlSession> {
  const target = await requireTarget(context, input, input.text("database"));
  if (target.kind === "url") return openUrlSession(target.url, options.readOnly);
  if (target.token !== undefined && !options.connection) return httpSession(target, target.token, options);
  const urls = await (await context.forDatabase(target)).getDatabaseUrls(target.ref);
  return openUrlSession(urls.direct, options.readOnly, target.ref);
}

const rowsAsArrays = { rowsAsArrays: true };

/** Under the API's own address: not every resolver knows the names below localhost. */
async function httpSession(
  target: Extract<Target, { kind: "database" }>,
  token: string,
  { readOnly }: SessionOptions,
): Promise<SqlSession> {
  const api = target.apiUrl ?? (await resolveApiAccess()).url;
  const client = await openClient({ url: `${api}/v1/db/${encodeURIComponent(target.ref)}`, token });
  return {
    label: target.ref,
    async run(sql, params = []) {
      if (readOnly) {
        const statements = [{ sql, params: [...params] }];
        const { results } = await client.transaction({ statements, read_only: true }, rowsAsArrays);
        return results.map(({ rows, fields, rows_affected: count }) =>
          sqlResult(fields.length === 0 ? undefined : fields, rows as unknown as unknown[][], count),
        );
      }
      const {
        fields,
        rows = [],
        rows_affected,
      } = await client.execute<unknown[]>(sql, [...params], rowsAsArrays);
      return [sqlResult(fields, rows, rows_affected)];
    },
    close: async () => {},
  };
}
