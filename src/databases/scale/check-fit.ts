/** In charge of refusing a class that a database does not fit into, before anything is done. */
import { statfs } from "node:fs/promises";
import type { DatabaseClass } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import type { Platform } from "../../instances/platform.ts";
import { withAdmin } from "../../instances/with-admin.ts";
import type { DatabaseRow } from "../../state/databases.ts";
import { tiers } from "../tiers.ts";

/** The copy, and the dump that it is filled from. */
const copies = 2;
const mb = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(0)} MB`;

/** @throws Y3044 */
export async function checkFit(
  platform: Platform,
  row: DatabaseRow,
  databaseClass: DatabaseClass,
  isMove: boolean,
): Promise<void> {
  const tier = tiers[databaseClass];
  const { rows } = await withAdmin(platform, row.instance_id!, "postgres", (client) =>
    client.query<{ size: string; open: number }>(
      `select pg_database_size($1) as size,
              (select count(*)::int from pg_stat_activity where usename = $2) as open`,
      [row.database_name, row.role_name],
    ),
  );
  const { size, open } = rows[0]!;
  if (tier.storageLimitBytes !== null && Number(size) > tier.storageLimitBytes) {
    throw doesNotFit(
      row,
      databaseClass,
      `It holds ${mb(Number(size))}; ${databaseClass} has room for ${mb(tier.storageLimitBytes)}.`,
    );
  }
  if (open > tier.connectionLimit) {
    throw doesNotFit(
      row,
      databaseClass,
      `${open} sessions are open; ${databaseClass} admits ${tier.connectionLimit}.`,
    );
  }
  const { bavail, bsize } = await statfs(platform.config.home);
  if (isMove && bavail * bsize < Number(size) * copies) {
    throw doesNotFit(
      row,
      databaseClass,
      `The move needs ${mb(Number(size) * copies)} of disk; ${mb(bavail * bsize)} are free.`,
    );
  }
}

const doesNotFit = (row: DatabaseRow, databaseClass: DatabaseClass, detail: string) =>
  posternError("Y3044", `Database ${row.name} does not fit into class ${databaseClass}.`, {
    detail,
    hint: "Make room, or choose another class.",
  });
