/** In charge of what tests of migrations share: databases as the platform makes them, and files. */
import type pg from "pg";
import { type ApplyOptions, applyMigrations } from "../../src/migrations/apply-migrations.ts";
import { type MigrationFile, readMigrationBodies } from "../../src/migrations/migration-file.ts";
import { readSql } from "../../src/postgres/read-sql.ts";
import type { TestServer } from "./test-server.ts";

/** `{ "001_a.sql": "select 1" }` as files. */
export const filesOf = (texts: Record<string, string>): MigrationFile[] =>
  readMigrationBodies(Object.entries(texts).map(([name, sql]) => ({ name, sql })));

export const migrate = (client: pg.Client, texts: Record<string, string>, options?: ApplyOptions) =>
  applyMigrations(client, filesOf(texts), options);

/** A database whose ledger is the platform's, and the role that owns what is in it. */
export async function createOwnedDatabase(server: TestServer): Promise<{ database: string; owner: string }> {
  const database = await server.createDatabase();
  const owner = `owner_of_${database}`;
  const admin = await server.connect({ database });
  await admin.query(await readSql("ledger"));
  await admin.query(`
    create role ${owner} login;
    grant create, temporary on database ${database} to ${owner};
    alter schema public owner to ${owner};
    grant usage on schema postern to ${owner};
    grant select on all tables in schema postern to ${owner};
    grant execute on all functions in schema postern to ${owner}`);
  await admin.end();
  return { database, owner };
}

/** First column of all rows. */
export async function column(client: pg.Client, sql: string): Promise<unknown[]> {
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: "array" });
  return rows.map((row) => row[0]);
}

export const appliedNames = (client: pg.Client): Promise<unknown[]> =>
  column(client, 'select name from postern.schema_migrations order by name collate "C"');
