/** In charge of a database to migrate over the API, with its own token, and to look into as its owner. */
import type { CreatedDatabase, DatabaseUrls, MigrateResult, OperationInfo } from "@postern/sdk/protocol";
import { expect } from "vitest";
import type { PosternHome } from "./postern-home.ts";
import { rowsOf } from "./session.ts";

/** SQL by file name. */
export type MigrationTexts = Record<string, string>;
export type EndedMigration = OperationInfo & { result: MigrateResult };

export interface MigratedDatabase {
  id: string;
  urls: DatabaseUrls;
  /** Resolves when the operation has ended, well or not. */
  migrate(texts: MigrationTexts): Promise<EndedMigration>;
  /** Fails the test unless the operation completes. */
  applied(texts: MigrationTexts): Promise<MigrateResult>;
  /** As the owner, over the direct URL. */
  query(sql: string): Promise<unknown[]>;
  /** Names in the ledger, in their order. */
  ledger(): Promise<string[]>;
}

export const filesOf = (texts: MigrationTexts) => Object.entries(texts).map(([name, sql]) => ({ name, sql }));

export async function createMigratedDatabase(postern: PosternHome, name: string): Promise<MigratedDatabase> {
  const { id, token } = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name });
  const urls = await postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);
  const query = (sql: string) => rowsOf(urls.direct, sql);

  async function migrate(texts: MigrationTexts): Promise<EndedMigration> {
    const body = { files: filesOf(texts) };
    const accepted = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/migrations`, body, token);
    let operation: EndedMigration;
    do operation = await postern.api<EndedMigration>("GET", `/v1/operations/${accepted.id}?wait=30`);
    while (operation.status === "pending" || operation.status === "running");
    return operation;
  }
  return {
    id,
    urls,
    migrate,
    query,
    async applied(texts) {
      const { status, error, result } = await migrate(texts);
      expect({ status, error }).toEqual({ status: "completed", error: null });
      return result;
    },
    async ledger() {
      const rows = await query("select name from postern.schema_migrations order by name");
      return (rows as { name: string }[]).map((row) => row.name);
    },
  };
}
