/** In charge of how the schemas of two databases differ: of a branch and its parent, or of any two. */
import type { SchemaDiff } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { compareSchemas } from "../postgres/schema/compare-schemas.ts";
import { readSchema, type SchemaObject } from "../postgres/schema/read-schema.ts";
import { renderSchemaChanges } from "../postgres/schema/render-schema-changes.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { notABranch } from "./replace-by-branch.ts";
import { requireReady } from "./require-ready.ts";

/** @returns what has to change in `base` so that it is `row`. @throws Y3004 */
export async function compareDatabases(
  platform: Platform,
  base: DatabaseRow,
  row: DatabaseRow,
): Promise<SchemaDiff> {
  const [before, after] = await Promise.all([readOf(platform, base), readOf(platform, row)]);
  const changes = compareSchemas(before, after);
  return {
    base: { id: base.id, name: base.name },
    database: { id: row.id, name: row.name },
    different: changes.length > 0,
    changes,
    lines: renderSchemaChanges(changes),
  };
}

/** What a branch is compared with unless something else is named. @throws Y3070 */
export async function requireParent(platform: Platform, row: DatabaseRow): Promise<DatabaseRow> {
  const parent = row.parent_id && (await findDatabaseById(platform.state, row.parent_id));
  if (parent && parent.destroyed_at === null) return parent;
  throw notABranch(row, row.parent_id !== null);
}

function readOf(platform: Platform, row: DatabaseRow): Promise<SchemaObject[]> {
  requireReady(row);
  if (row.instance_id === null) throw posternError("Y3004", `Database ${row.name} is not ready yet.`);
  return withAdmin(platform, row.instance_id, row.database_name, (client) =>
    readSchema(client, row.role_name),
  );
}
