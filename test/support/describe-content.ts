/** In charge of telling all that is in a database as one text, so that two can be compared. */
import type { Platform } from "../../src/instances/platform.ts";
import { serverLayout } from "../../src/instances/server-layout.ts";
import { runProgram } from "../../src/runtime/run-program.ts";
import { postgresProgram } from "../../src/runtime/toolchain.ts";
import type { DatabaseRow } from "../../src/state/databases.ts";

/** As a dump; the owner is called OWNER whoever that is. */
export async function describeContent(platform: Platform, row: DatabaseRow): Promise<string> {
  const end = await runProgram(
    postgresProgram(platform.toolchain, "pg_dump"),
    [
      "-h",
      serverLayout(platform.config.home, row.instance_id!).socketDirectory,
      "-U",
      "postern_admin",
      "-d",
      row.database_name,
      "--restrict-key=same",
    ],
    { account: platform.account },
  );
  if (end.exitCode !== 0) throw new Error(end.stderr);
  return end.stdout.replaceAll(row.role_name, "OWNER");
}
