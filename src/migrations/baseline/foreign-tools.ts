/** In charge of what Prisma, drizzle, Knex and others have noted as applied in a database. */
import type pg from "pg";
import type { MigrationFile } from "../migration-file.ts";

export interface ForeignHistory {
  tool: string;
  table: string;
  /** Files that it says are applied. */
  applied: { file: MigrationFile; appliedAt: Date; changed: boolean }[];
  /** Names that fit no file. */
  unknown: string[];
}

interface ForeignRow {
  name: string;
  checksum: string | null;
  applied_at: Date | null;
}

interface Tool {
  name: string;
  table: string;
  /** In the order of application. `name` without an ending. */
  sql: string;
  /** Its rows have no names: they are told apart by checksum, then by their place among the files. */
  nameless?: boolean;
}

const tools: readonly Tool[] = [
  {
    name: "Prisma",
    table: "public._prisma_migrations",
    sql: `select migration_name as name, checksum, finished_at as applied_at from public._prisma_migrations
           where finished_at is not null and rolled_back_at is null order by started_at`,
  },
  {
    name: "drizzle",
    table: "drizzle.__drizzle_migrations",
    nameless: true,
    sql: `select hash as name, hash as checksum, pg_catalog.to_timestamp(created_at / 1000.0) as applied_at
            from drizzle.__drizzle_migrations order by created_at, id`,
  },
  {
    name: "Knex",
    table: "public.knex_migrations",
    sql: `select name, null as checksum, migration_time as applied_at from public.knex_migrations order by id`,
  },
  {
    name: "Flyway",
    table: "public.flyway_schema_history",
    sql: `select script as name, null as checksum, installed_on as applied_at from public.flyway_schema_history
           where success and version is not null order by installed_rank`,
  },
  {
    name: "node-pg-migrate",
    table: "public.pgmigrations",
    sql: `select name, null as checksum, run_on as applied_at from public.pgmigrations order by id`,
  },
];

/** Of each tool that has noted something. */
export async function readForeignTools(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
): Promise<ForeignHistory[]> {
  const histories: ForeignHistory[] = [];
  for (const tool of tools) {
    const { rows: found } = await client.query<{ there: boolean }>(
      "select pg_catalog.to_regclass($1) is not null as there",
      [tool.table],
    );
    if (!found[0]!.there) continue;
    const { rows } = await client.query<ForeignRow>(tool.sql);
    if (rows.length > 0) histories.push(matchFiles(tool, rows, files));
  }
  return histories;
}

/** Pure. */
function matchFiles(
  { name: tool, table, nameless = false }: Pick<Tool, "name" | "table" | "nameless">,
  rows: readonly ForeignRow[],
  files: readonly MigrationFile[],
): ForeignHistory {
  const history: ForeignHistory = { tool, table, applied: [], unknown: [] };
  for (const [place, row] of rows.entries()) {
    const file = nameless
      ? (files.find(({ checksum }) => checksum === row.checksum) ?? files[place])
      : files.find((candidate) => stemOf(candidate.name) === stemOf(row.name));
    if (!file) {
      history.unknown.push(row.name);
      continue;
    }
    const changed = row.checksum !== null && row.checksum !== file.checksum;
    history.applied.push({ file, appliedAt: row.applied_at ?? new Date(), changed });
  }
  return history;
}

const stemOf = (name: string): string => name.replace(/(?:\.up)?\.(?:sql|[cm]?[jt]s)$/, "");
