/** In charge of what belongs to the owner's role and not to the database: its password and the settings it has made. */
import pg from "pg";
import { limitsOf } from "../../instances/physical-database.ts";
import type { Platform } from "../../instances/platform.ts";
import { withAdmin } from "../../instances/with-admin.ts";
import type { Move } from "./move.ts";

interface RoleFacts {
  verifier: string | null;
  /** For all databases, and for this one: `name=value`. */
  everywhere: string[];
  here: string[];
}

/** The owner may have changed both with SQL. The platform's limits are those of the new place. Repeatable. */
export async function copyRole(platform: Platform, { from, to }: Move): Promise<void> {
  const facts = await withAdmin(platform, from.instance_id!, "postgres", (client) => readRole(client, from));
  const own = facts.here.filter((setting) => !limitLines(from).includes(setting));
  const settings = new Map(Object.entries(limitsOf(to)));
  for (const setting of own) settings.set(...splitSetting(setting));
  const here = [...settings].map(([name, value]) => `${name}=${value}`);
  await withAdmin(platform, to.instance_id!, "postgres", async (client) => {
    const password = facts.verifier === null ? "null" : pg.escapeLiteral(facts.verifier);
    await client.query(`alter role ${pg.escapeIdentifier(to.role_name)} password ${password}`);
    await writeSettings(client, to.role_name, null, facts.everywhere);
    await writeSettings(client, to.role_name, to.database_name, here);
  });
}

async function readRole(client: pg.Client, row: Move["from"]): Promise<RoleFacts> {
  const { rows } = await client.query<RoleFacts>(
    `select rolpassword as verifier,
            coalesce((select setconfig from pg_db_role_setting where setrole = r.oid and setdatabase = 0), '{}') as everywhere,
            coalesce((select setconfig from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
                       where s.setrole = r.oid and d.datname = $2), '{}') as here
       from pg_authid r where rolname = $1`,
    [row.role_name, row.database_name],
  );
  return rows[0]!;
}

/** Postgres has no command that copies such settings as they are, lists and all, so the row is written. */
async function writeSettings(
  client: pg.Client,
  role: string,
  database: string | null,
  settings: string[],
): Promise<void> {
  await client.query("begin");
  await client.query(
    `delete from pg_db_role_setting where setrole = $1::regrole
        and setdatabase = coalesce((select oid from pg_database where datname = $2), 0)`,
    [pg.escapeIdentifier(role), database],
  );
  if (settings.length > 0)
    await client.query(
      `insert into pg_db_role_setting (setrole, setdatabase, setconfig)
       values ($1::regrole, coalesce((select oid from pg_database where datname = $2), 0), $3)`,
      [pg.escapeIdentifier(role), database, settings],
    );
  await client.query("commit");
}

const limitLines = (row: Move["from"]): string[] =>
  Object.entries(limitsOf(row)).map(([name, value]) => `${name}=${value}`);

function splitSetting(setting: string): [string, string] {
  const at = setting.indexOf("=");
  return [setting.slice(0, at), setting.slice(at + 1)];
}
