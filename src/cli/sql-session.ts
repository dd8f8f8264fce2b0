/** In charge of running SQL for the command line: over HTTP where the token is known, else over a connection. */
import type { QueryField } from "@postern/sdk/protocol";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { openClient } from "./open-control.ts";
import { requireTarget, type Target } from "./target.ts";
import { openUrlSession } from "./url-mode.ts";
import { resolveApiAccess } from "./user-config.ts";

export interface SqlResult {
  /** Absent for a statement that answers no rows. */
  columns: QueryField[] | undefined;
  rows: Record<string, unknown>[];
  /** Rows answered or changed. */
  count: number;
}

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
        const { results } = await client.transaction({ statements, read_only: true });
        return results.map(({ rows, fields, rows_affected }) => ({
          columns: fields.length === 0 ? undefined : fields,
          rows,
          count: rows_affected,
        }));
      }
      const result = await client.execute(sql, [...params]);
      return [{ columns: result.fields, rows: result.rows ?? [], count: result.rows_affected }];
    },
    close: async () => {},
  };
}
