/** In charge of the trigger on a table that logs its changes: made with the first write through /records, or by `state track`. */
import type pg from "pg";
import { hasCode, posternError } from "../base/error.ts";
import { quoteIdentifier, quoteQualified } from "../postgres/identifier.ts";
import { literalList } from "./encode-column.ts";
import { type CaptureArguments, type Relation, tableNameOf } from "./relation.ts";

type Table = Pick<Relation, "schema" | "name" | "kind">;

/**
 * Writers of the table wait for the moment that it takes, and it waits for those that are under way.
 * @param client of the server's superuser @throws Y1068
 */
export async function captureTable(
  client: pg.ClientBase,
  table: Table,
  wanted: CaptureArguments,
): Promise<void> {
  const text = (value: string) => client.escapeLiteral(value);
  const name = quoteQualified([table.schema, table.name]);
  const args = [
    text(wanted.captures),
    text(literalList(wanted.primaryKey)),
    text(literalList(wanted.masked)),
    text(table.kind === "p" ? "partitioned" : "plain"),
  ].join(", ");
  const truncate =
    wanted.captures === "all"
      ? `create trigger postern_capture_truncate after truncate on ${name}
           for each statement execute function postern.capture_mutation(${args});`
      : "";
  await inLockedTransaction(
    client,
    table,
    `
    drop trigger if exists postern_capture on ${name};
    drop trigger if exists postern_capture_truncate on ${name};
    create trigger postern_capture after insert or update or delete on ${name}
      for each row execute function postern.capture_mutation(${args});
    ${truncate}`,
  );
}

export async function releaseTable(client: pg.ClientBase, table: Table): Promise<void> {
  const name = quoteQualified([table.schema, table.name]);
  await inLockedTransaction(
    client,
    table,
    `
    drop trigger if exists postern_capture on ${name};
    drop trigger if exists postern_capture_truncate on ${name};`,
  );
}

async function inLockedTransaction(client: pg.ClientBase, table: Table, sql: string): Promise<void> {
  try {
    await client.query(`
      begin;
      set local search_path = pg_catalog, pg_temp;
      set local lock_timeout = '${patience}';
      ${sql}
      commit`);
  } catch (error) {
    await client.query("rollback");
    if (!hasCode(error, "55P03")) throw error;
    throw posternError(
      "Y1068",
      `Table ${tableNameOf(table)} is in use, so its changes cannot be logged yet.`,
      {
        detail: `A transaction that writes to it has been open for more than ${patience}.`,
        hint: `Try again, or prepare the table at a quiet moment: postern state track ${quoteIdentifier(tableNameOf(table))}.`,
      },
    );
  }
}

const patience = "3s";

/** Must the trigger be made anew? What is tracked by any way in stays so. */
export function missingCapture({ capture, primaryKey }: Relation): CaptureArguments | undefined {
  const sameKey = capture && capture.primaryKey.join("\0") === primaryKey.join("\0");
  if (sameKey) return undefined;
  return { captures: capture?.captures ?? "records", primaryKey, masked: capture?.masked ?? [] };
}
