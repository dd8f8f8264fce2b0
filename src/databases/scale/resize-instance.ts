/** In charge of giving an instance of one database the memory and connections of another class: a restart that clients wait for. */
import type { DatabaseClass } from "@postern/sdk/protocol";
import pg from "pg";
import { keepServer } from "../../instances/keep-server.ts";
import type { OperationRun } from "../../instances/operation-run.ts";
import type { Platform } from "../../instances/platform.ts";
import { serverDoor } from "../../instances/server-door.ts";
import { serverSpec } from "../../instances/server-spec.ts";
import { withAdmin } from "../../instances/with-admin.ts";
import { type DatabaseRow, updateDatabase } from "../../state/databases.ts";
import { findInstance, updateInstance } from "../../state/instances.ts";
import { tiers } from "../tiers.ts";
import { holdDatabase, releaseDatabase, type Sessions } from "./hold-database.ts";

/** Repeatable: the class is written down first, and every start of the server goes by it. */
export async function resizeInstance(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  row: DatabaseRow,
  databaseClass: DatabaseClass,
): Promise<void> {
  const { connectionLimit, storageLimitBytes } = tiers[databaseClass];
  const id = row.instance_id!;
  await run.step("restart", async () => {
    await updateInstance(platform.state, id, { class: databaseClass });
    await holdDatabase(platform, sessions, row);
    await restart(platform, row, databaseClass);
    await tellGate(platform, row);
    await withAdmin(platform, id, "postgres", (client) =>
      client.query(`alter role ${pg.escapeIdentifier(row.role_name)} connection limit ${connectionLimit}`),
    );
    await updateDatabase(platform.state, row.id, {
      class: databaseClass,
      connection_limit: connectionLimit,
      storage_limit_bytes: storageLimitBytes === null ? null : String(storageLimitBytes),
    });
    await releaseDatabase(platform, row);
  });
}

/** It starts the server by this class when it wakes it. */
async function tellGate(platform: Platform, row: DatabaseRow): Promise<void> {
  const instance = (await findInstance(platform.state, row.instance_id!))!;
  if (platform.gate.door(instance.id)) await platform.gate.serve(serverDoor(platform, instance, false));
}

async function restart(platform: Platform, row: DatabaseRow, databaseClass: DatabaseClass): Promise<void> {
  const { tcp_port: port, id } = (await findInstance(platform.state, row.instance_id!))!;
  const spec = serverSpec(platform.config.home, id, port, databaseClass);
  platform.supervisor.release(spec.name);
  try {
    await platform.runtime.stop(spec);
  } finally {
    // Whatever became of the stop: from here on somebody looks after it again.
    await keepServer(platform, spec);
  }
}
