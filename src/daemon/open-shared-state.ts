/**
 * In charge of Postern's own tables in a database that several control planes share: made at the first start of any of
 * them, brought up to date by the first that is newer, and refused to those that do not belong there.
 */
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import type { Secrets } from "../base/secrets.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { State } from "../state/state.ts";
import { installLoginLookup } from "./install-login-lookup.ts";
import { migrateState, refuseNewerState } from "./migrate-state.ts";
import { prepareStateQueue, stateConnection } from "./own-tables.ts";

/** @throws Y8031 Y8032 Y8016 Y8017 */
export async function openSharedState(config: Config, secrets: Secrets): Promise<State> {
  const { host, user, database } = stateConnection(config);
  await withAdmin({ config }, "system", database, async (client) => {
    await requireWritable(client);
    await takeTurn(client);
    // Before anything is changed: who does not belong here changes nothing.
    await refuseOtherKey(client, secrets);
    await refuseNewerState(client);
    await migrateState(client);
    await noteKey(client, secrets);
    await refuseOtherKey(client, secrets);
    await installLoginLookup(client, null);
    await prepareStateQueue(config);
  });
  return new State({ socketDirectory: host, user, database, isRemote: true });
}

async function requireWritable(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{
    standby: boolean;
    read_only: boolean;
    creates: boolean;
    role: string;
  }>(
    `select pg_is_in_recovery() as standby, current_setting('transaction_read_only')::bool as read_only,
            has_database_privilege(current_database(), 'create')
              and has_schema_privilege('public', 'create') as creates,
            current_user as role`,
  );
  const { standby, read_only: readOnly, creates, role } = rows[0]!;
  if (standby || readOnly)
    throw posternError("Y8016", "POSTERN_STATE_URL: The server takes no writes.", {
      detail: standby ? "It is a standby." : "default_transaction_read_only is on.",
      hint: "Give the address of the primary, or of the proxy that leads to it.",
    });
  if (!creates)
    throw posternError("Y8017", `POSTERN_STATE_URL: The role ${role} may not make tables there.`, {
      hint: `As an administrator of the server: ALTER DATABASE … OWNER TO "${role}"`,
    });
}

const turnWithinMs = 60_000;

/**
 * Held until the session ends. Asked for again and again: a statement that waits holds a snapshot, for which what is being
 * migrated may wait in turn.
 */
async function takeTurn(client: pg.Client): Promise<void> {
  const deadline = performance.now() + turnWithinMs;
  for (;;) {
    const { rows } = await client.query<{ mine: boolean }>(
      "select pg_try_advisory_lock(hashtext('postern'), hashtext('state start')) as mine",
    );
    if (rows[0]!.mine) return;
    if (performance.now() > deadline)
      throw posternError("Y4001", "Another control plane has been starting for a minute.", {
        hint: "See its log, then start this one again.",
      });
    await sleep(100);
  }
}

const purpose = "which key seals this state";

/** @throws Y8031 */
async function refuseOtherKey(client: pg.Client, secrets: Secrets): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(
    "select to_regclass('public.state_key') is not null as found",
  );
  if (!rows[0]!.found) return;
  const known = await client.query<{ key_check: string }>("select key_check from public.state_key");
  const check = known.rows[0]?.key_check;
  if (check === undefined || check === secrets.sign(purpose)) return;
  throw posternError("Y8031", "The key of this control plane is not the one that the state was begun with.", {
    detail: "Passwords that other control planes have sealed could not be read here.",
    hint: "Copy secrets/master.key out of the home of a control plane that runs, or name such a file with POSTERN_MASTER_KEY_FILE.",
  });
}

async function noteKey(client: pg.Client, secrets: Secrets): Promise<void> {
  await client.query("insert into public.state_key (key_check) values ($1) on conflict do nothing", [
    secrets.sign(purpose),
  ]);
}
