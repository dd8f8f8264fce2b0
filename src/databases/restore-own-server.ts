/** In charge of a server of its own as it was at a moment: restored into a new one's files, and given a new name and keys. */
import type { DatabaseClass } from "@postern/sdk/protocol";
import pg from "pg";
import { replay, restoreFiles } from "../archive/restore-server.ts";
import { replaySettings } from "../archive/scratch-server.ts";
import { posternError } from "../base/error.ts";
import type { InstanceId } from "../base/id.ts";
import { clientRoles } from "../instances/client-access.ts";
import { keepServer } from "../instances/keep-server.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import { roleExists } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { ensureReserved, removeInstance } from "../instances/provision-instance.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { withAdmin } from "../instances/with-admin.ts";
import type { ServerSpec } from "../runtime/runtime.ts";
import { spareDatabasePrefix, templateDatabase } from "../runtime/server-template.ts";
import { type DatabaseRow, updateDatabase } from "../state/databases.ts";
import { updateInstance } from "../state/instances.ts";
import type { Moment } from "./restore-shared-tenant.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

export async function restoreOwnServer(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  moment: Moment,
): Promise<void> {
  const id = row.instance_id as InstanceId;
  const { home } = platform.config;
  const instance = await ensureReserved(platform, id, row.class);
  if (run.row.input.renamed !== true) {
    const spec = { ...quietSpec(home, id, row.class), readsArchiveOf: [moment.server] };
    await platform.runtime.stop(spec);
    await run.step("files", () =>
      restoreFiles(platform, run, spec.dataDirectory, {
        source: moment.server,
        until: moment.at,
        backup: moment.backup,
        without: [],
        archives: false,
      }),
    );
    await run.step("replay", () => replay(platform, spec, moment.at));
    await run.step("new name and password", () => takeOver(platform, id, row));
    await platform.runtime.stop(spec);
    await run.remember({ renamed: true });
  }
  await run.step("server", async () => {
    await keepServer(platform, serverSpec(home, id, instance.tcp_port, instance.class));
    await updateInstance(platform.state, id, { status: "running" });
    await updateDatabase(platform.state, row.id, { instance_id: id });
    const { socketDirectory } = serverLayout(home, id);
    await platform.pooler.route({ database: row.database_name, socketDirectory });
  });
}

export async function undoOwnServer(platform: Platform, id: InstanceId): Promise<void> {
  await platform.runtime.stop(quietSpec(platform.config.home, id, null));
  await removeInstance(platform, id);
}

/** By socket only, and into no archive, until the secrets of the old one open nothing any more. */
function quietSpec(home: string, id: string, databaseClass: DatabaseClass | null): ServerSpec {
  const { settingsFile: _, ...spec } = serverSpec(home, id, null, databaseClass);
  return { ...spec, settings: { ...spec.settings, ...replaySettings } };
}

/** The one database of the server becomes `row`'s. Repeatable. @throws Y6021 when it was not there at that moment. */
export async function takeOver(platform: Platform, server: string, row: DatabaseRow): Promise<void> {
  await withAdmin(platform, server, "postgres", async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database
        where datname not in ('postgres', 'template0', 'template1', $1) and not starts_with(datname, $2)
        order by (datname = $3) desc, length(datname)`,
      [templateDatabase, spareDatabasePrefix, row.database_name],
    );
    const { rows: owners } = await client.query<{ name: string }>(
      `select pg_get_userbyid(member) as name from pg_auth_members where roleid = 'postern_owner'::regrole order by member`,
    );
    const [before, owner] = [rows[0]?.name, owners[0]?.name];
    if (before === undefined || owner === undefined)
      throw posternError("Y6021", "The database did not exist at that moment.", {
        hint: "Choose a later moment.",
      });
    await client.query("begin");
    if (before !== row.database_name)
      await client.query(`alter database ${name(before)} rename to ${name(row.database_name)}`);
    await renameRole(client, owner, row.role_name);
    // Its only use was to let an owner of another name in.
    if (before !== owner && before !== row.database_name && (await roleExists(client, before)))
      await client.query(`drop owned by ${name(before)}; drop role ${name(before)}`);
    const [old, now] = [clientRoles(before), clientRoles(row.database_name)];
    await renameRole(client, old.authenticated, now.authenticated);
    await renameRole(client, old.anonymous, now.anonymous);
    await client.query(`
      alter role ${name(row.role_name)} connection limit ${Number(row.connection_limit)} password ${text(row.scram_verifier)};
      commit`);
    // What pgBackRest set for the replay.
    for (const setting of [
      "restore_command",
      "recovery_target_time",
      "recovery_target_action",
      "recovery_target_timeline",
      "archive_mode",
    ])
      await client.query(`alter system reset ${setting}`);
  });
}

async function renameRole(client: pg.Client, from: string, to: string): Promise<void> {
  if (from === to || !(await roleExists(client, from))) return;
  await client.query(`alter role ${name(from)} rename to ${name(to)}`);
}
