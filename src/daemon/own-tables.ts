/** In charge of Postern's own database: made at the first start, brought up to date at every one. */
import pg from "pg";
import type { Config } from "../base/config.ts";
import { databaseExists } from "../instances/physical-database.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { prepareQueue } from "../maintenance/operation-worker.ts";
import { adminRole } from "../runtime/server-template.ts";
import { State } from "../state/state.ts";
import { installLoginLookup } from "./install-login-lookup.ts";
import { migrateState } from "./migrate-state.ts";

const database = "postern";

/** How Postern's own database is reached. */
export const stateConnection = (config: Config) => ({
  host: serverLayout(config.home, "system").socketDirectory,
  port: 5432,
  user: adminRole,
  database,
});

export async function openState(config: Config): Promise<State> {
  await withAdmin({ config }, "system", "postgres", async (client) => {
    if (!(await databaseExists(client, database))) await client.query(`create database ${database}`);
    await client.query(`
      revoke all on database ${database} from public;
      grant connect on database ${database} to postern_pooler`);
  });
  await withAdmin({ config }, "system", database, async (client) => {
    await migrateState(client);
    await installLoginLookup(client, config.home);
  });
  await prepareStateQueue(config);
  return new State({ socketDirectory: stateConnection(config).host, user: adminRole, database });
}

export async function prepareStateQueue(config: Config): Promise<void> {
  const pool = new pg.Pool({ ...stateConnection(config), max: 2 });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  await prepareQueue(pool).finally(() => pool.end());
}
