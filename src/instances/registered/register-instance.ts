/**
 * In charge of registering a server that somebody else runs: reached, looked at, made ready, and only then written down.
 * What a registration that was cut off has left there carries this Postern's mark, and the next one takes it over.
 */

import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegisterInstanceRequest } from "@postern/sdk/protocol";
import type pg from "pg";
import { hasCode, posternError } from "../../base/error.ts";
import { type InstanceId, newInstanceId } from "../../base/id.ts";
import { ownPath } from "../../runtime/own-path.ts";
import { readMajor } from "../../runtime/toolchain.ts";
import {
  deleteRegistered,
  findRegistered,
  insertRegistered,
  listRegistered,
  type NewRegistered,
  type RegisteredWithFacts,
} from "../../state/registered-instances.ts";
import type { Platform } from "../platform.ts";
import { ensureGate } from "../server-door.ts";
import { serverLayout } from "../server-layout.ts";
import { majorOf } from "../server-toolchain.ts";
import { connectAs } from "../with-admin.ts";
import { checkSettings } from "./check-settings.ts";
import { inspectServer, requireOurs, type ServerFacts } from "./inspect-server.ts";
import { type Dsn, parseDsn } from "./parse-dsn.ts";
import { clearServer, dropAdmin, makeAdmin, prepareServer } from "./prepare-server.ts";
import { reachServer } from "./reach-server.ts";
import { openSecrets, relayPlanOf } from "./relay-plan-of.ts";

/** Which Postern a server is registered by: told to whoever may read comments there, and no secret. */
export const markOf = ({ secrets }: Pick<Platform, "secrets">, id: InstanceId): string =>
  JSON.stringify({ postern: secrets.sign("which Postern this is").slice(0, 16), instance: id });

/** @throws Y8010 to Y8019, Y8024 */
export async function registerInstance(
  platform: Platform,
  input: RegisterInstanceRequest,
): Promise<RegisteredWithFacts> {
  const settings = checkSettings(input);
  const dsn = parseDsn(input.dsn);
  if (await findRegistered(platform.state, input.name)) throw nameTaken(input.name);
  const { tls, version } = await reachServer(dsn, {
    ca: input.ca ?? null,
    insecure: input.insecure === true,
  });
  const loginKey = randomBytes(32).toString("base64");
  const row: NewRegistered = {
    id: newInstanceId(),
    ...settings,
    version,
    hosts: dsn.hosts,
    maintenance_database: dsn.database,
    admin_user: dsn.user,
    secrets_sealed: Buffer.alloc(0),
    tls_mode: tls?.mode ?? "disable",
    tls_ca: input.ca ?? null,
    connection_limit: 0,
    is_superuser: false,
    system_identifier: null,
    extensions: [],
    warnings: [],
    latency_ms: null,
  };
  row.secrets_sealed = platform.secrets.seal(JSON.stringify({ password: dsn.password, loginKey }), row.id);
  return platform.instanceLock.run("register an instance", () =>
    register(platform, row, dsn, loginKey, input),
  );
}

async function register(
  platform: Platform,
  row: NewRegistered,
  dsn: Dsn,
  loginKey: string,
  input: RegisterInstanceRequest,
): Promise<RegisteredWithFacts> {
  let made = false;
  try {
    await openWay(platform, row, loginKey, dsn);
    const facts = await withDsnRole(platform, row.id, dsn.user, (client) => inspectServer(client));
    await requireUnknown(platform, facts, input);
    const wanted = input.max_connections;
    if (wanted !== undefined && wanted > facts.maxConnections)
      throw posternError("Y8024", `The server takes ${facts.maxConnections} connections, not ${wanted}.`, {
        hint: "Leave out --max-connections, or give less.",
      });
    Object.assign(row, {
      is_superuser: facts.isSuperuser,
      system_identifier: facts.systemIdentifier,
      extensions: facts.extensions,
      latency_ms: facts.latencyMs,
      connection_limit: wanted ?? Math.max(1, Math.floor(facts.maxConnections * 0.8)),
    });
    made = true;
    const mark = markOf(platform, row.id);
    const warnings = await withDsnRole(platform, row.id, dsn.user, (client) =>
      makeAdmin(client, loginKey, mark),
    );
    row.warnings = [...facts.warnings, ...warnings];
    await platform.gate.serveRelay(relayPlanOf(platform, row, loginKey));
    await prepareServer(platform, row.id, loginKey);
    await platform.state.transaction((tx) => insertRegistered(tx, row));
    return (await findRegistered(platform.state, row.id))!;
  } catch (error) {
    await takeBack(platform, row, dsn, made).catch((failure: unknown) =>
      platform.observe({ type: "fault", where: `taking back ${row.name}`, error: failure }),
    );
    throw hasCode(error, "23505") ? nameTaken(row.name) : error;
  }
}

/** The folder of a registered server holds its socket, and which major it is: programs are chosen by that. */
export async function makeFolders(
  platform: Pick<Platform, "config" | "account">,
  id: InstanceId,
  version: string,
): Promise<void> {
  const { dataDirectory, socketDirectory } = serverLayout(platform.config.home, id);
  await mkdir(socketDirectory, { recursive: true, mode: 0o700 });
  await ownPath(socketDirectory, platform.account);
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const major = majorOf(version);
  if ((await readMajor(dataDirectory)) === major) return;
  // Whoever chooses programs meanwhile finds the old one or the new one, and never half of it.
  const draft = join(dataDirectory, `PG_VERSION.${randomBytes(4).toString("hex")}`);
  await writeFile(draft, `${major}\n`);
  await rename(draft, join(dataDirectory, "PG_VERSION"));
}

/** Postern's socket for the server, at which the registering administrator can come in as well. */
async function openWay(platform: Platform, row: NewRegistered, loginKey: string, dsn: Dsn): Promise<void> {
  await makeFolders(platform, row.id, row.version);
  await ensureGate(platform);
  await platform.gate.serveRelay(relayPlanOf(platform, row, loginKey, { [dsn.user]: [dsn.password] }));
}

async function closeWay(platform: Platform, id: InstanceId): Promise<void> {
  await platform.gate.drop(id).catch(() => {});
  const { directory, socketDirectory } = serverLayout(platform.config.home, id);
  await rm(directory, { recursive: true, force: true });
  await rm(socketDirectory, { recursive: true, force: true });
}

async function withDsnRole<Result>(
  platform: Platform,
  id: InstanceId,
  user: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connectAs(platform, id, "postgres", user);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function requireUnknown(
  platform: Platform,
  facts: ServerFacts,
  input: RegisterInstanceRequest,
): Promise<void> {
  const known = await listRegistered(platform.state);
  const same = known.find((other) => other.id === facts.mark?.instance);
  const { postern } = JSON.parse(markOf(platform, "" as InstanceId)) as { postern: string };
  requireOurs(facts, { postern, same: same?.name, takeOver: input.take_over === true });
}

async function takeBack(platform: Platform, row: NewRegistered, dsn: Dsn, made: boolean): Promise<void> {
  try {
    if (!made) return;
    const { loginKey } = openSecrets(platform, row);
    await platform.gate.serveRelay(relayPlanOf(platform, row, loginKey, { [dsn.user]: [dsn.password] }));
    await clearServer(platform, row.id).catch(() => {});
    await withDsnRole(platform, row.id, dsn.user, dropAdmin);
  } finally {
    await closeWay(platform, row.id);
  }
}

/**
 * Takes everything of Postern's off the server and forgets it. With `force` also when it does not answer; then its roles
 * stay there. @throws Y8021 while databases are on it
 */
export async function deregisterInstance(
  platform: Platform,
  row: RegisteredWithFacts,
  { force }: { force: boolean },
): Promise<{ id: string; name: string; left_behind: boolean }> {
  return platform.instanceLock.run("register an instance", async () => {
    const before = await findRegistered(platform.state, row.id);
    if (!before) return { id: row.id, name: row.name, left_behind: false };
    if (before.databases > 0) throw inUse(before);
    // From here on nothing is placed there any more.
    await platform.state.query("update registered_instances set draining = true where id = $1", [row.id]);
    let leftBehind = false;
    try {
      await clear(platform, before);
    } catch (error) {
      if (!force) throw error;
      leftBehind = true;
    }
    await deleteRegistered(platform.state, row.id).catch((error: unknown) => {
      throw hasCode(error, "23503") ? inUse(before) : error;
    });
    await closeWay(platform, row.id);
    return { id: row.id, name: row.name, left_behind: leftBehind };
  });
}

async function clear(platform: Platform, row: RegisteredWithFacts): Promise<void> {
  const { password, loginKey } = openSecrets(platform, row);
  await platform.gate.serveRelay(relayPlanOf(platform, row, loginKey, { [row.admin_user]: [password] }));
  await clearServer(platform, row.id).catch((error: unknown) => {
    // A deregistration that was cut off has dropped the role already.
    if (!hasCode(error, "28P01", "28000")) throw error;
  });
  await withDsnRole(platform, row.id, row.admin_user, dropAdmin);
}

const inUse = ({ name, databases }: RegisteredWithFacts) =>
  posternError("Y8021", `Databases are on instance ${name}: ${databases || "one is being made"}.`, {
    hint: "Destroy them first; `postern admin instance drain` keeps new ones away meanwhile.",
  });

const nameTaken = (name: string) =>
  posternError("Y8019", `An instance called "${name}" is registered already.`, {
    hint: "Choose another name, or see `postern admin instance list`.",
  });

/** @throws Y8020 */
export async function requireRegistered(
  { state }: Pick<Platform, "state">,
  ref: string,
): Promise<RegisteredWithFacts> {
  const row = await findRegistered(state, ref);
  if (row) return row;
  throw posternError("Y8020", `There is no registered instance "${ref}".`, {
    hint: "`postern admin instance list` shows those that there are.",
  });
}
