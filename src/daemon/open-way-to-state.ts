/**
 * In charge of the way to Postern's own tables where they are in a database elsewhere: the gate holds the socket of the
 * home's own server in its place, so that everything that asks those tables goes on as it is.
 */
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import type { Config } from "../base/config.ts";
import { hasCode, messageOf, PosternError, posternError } from "../base/error.ts";
import type { SharedStateConfig } from "../base/read-shared-state.ts";
import { adminRole } from "../instances/database-address.ts";
import { type Dsn, parseDsn } from "../instances/registered/parse-dsn.ts";
import { type ReachedServer, reachServer } from "../instances/registered/reach-server.ts";
import { ensureGate } from "../instances/server-door.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { ownPath } from "../runtime/own-path.ts";
import type { ServerAccount } from "../runtime/server-account.ts";
import type { Servers } from "./start-servers.ts";

/** What Postern calls its own database, whatever its name is there. */
const ownName = "postern";

/** @throws Y8030, and Y8010 to Y8017 as for a server that is registered */
export async function openWayToState(
  config: Config,
  account: ServerAccount,
  servers: Pick<Servers, "gate" | "supervisor" | "instanceLock">,
): Promise<void> {
  const shared = config.sharedState!;
  await refuseOwnTables(config.home);
  const dsn = await attempt(() => parseDsn(shared.url));
  const ca = await readAuthority(shared);
  // Who writes sslmode=disable means it; that it is this machine or a private network is seen to all the same.
  const options = { ca, insecure: dsn.tlsMode === "disable" };
  const { reached, isMissing } = await reach(dsn, options);
  const { socketDirectory } = serverLayout(config.home, "system");
  await mkdir(socketDirectory, { recursive: true, mode: 0o700 });
  await ownPath(socketDirectory, account);
  const { gate } = servers;
  gate.expect((await readdir(join(config.home, "instances"))).filter((name) => name.startsWith("ins-")));
  gate.noteRelay({
    name: "system",
    directory: socketDirectory,
    hosts: dsn.hosts,
    tls: reached.tls,
    maintenanceDatabase: isMissing ? "postgres" : dsn.database,
    databases: { [ownName]: dsn.database },
    // Whoever reaches the socket may be any role of Postern's on its own server, too.
    aliases: { [adminRole]: dsn.user, postern_pooler: dsn.user },
    logins: { [dsn.user]: [dsn.password] },
    loginKey: "",
  });
  await ensureGate(servers);
  if (isMissing) await createDatabase(config, dsn);
}

/** Two sets of tables, of which one would be forgotten. @throws Y8030 */
async function refuseOwnTables(home: string): Promise<void> {
  const { dataDirectory } = serverLayout(home, "system");
  const isThere = await stat(join(dataDirectory, "PG_VERSION")).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw posternError("Y8030", `${home} holds a Postern with tables of its own.`, {
    detail: "POSTERN_STATE_URL is for a home that is new.",
    hint: "Choose another POSTERN_HOME, or start without POSTERN_STATE_URL.",
  });
}

async function readAuthority({ caFile }: SharedStateConfig): Promise<string | null> {
  if (caFile === null) return null;
  return readFile(caFile, "utf8").catch((error: unknown) => {
    throw posternError("Y0001", `POSTERN_STATE_CA_FILE cannot be read: ${caFile}`, {
      detail: messageOf(error),
    });
  });
}

/** The database itself may have to be made. */
async function reach(
  dsn: Dsn,
  options: { ca: string | null; insecure: boolean },
): Promise<{ reached: ReachedServer; isMissing: boolean }> {
  return attempt(async () => {
    try {
      return { reached: await reachServer(dsn, options), isMissing: false };
    } catch (error) {
      if (!hasCode(error, "Y8014") || !(error as PosternError).detail?.startsWith("3D000")) throw error;
      return { reached: await reachServer({ ...dsn, database: "postgres" }, options), isMissing: true };
    }
  });
}

async function createDatabase(config: Config, { database, user }: Dsn): Promise<void> {
  await withAdmin({ config }, "system", "postgres", async (client) => {
    await client.query(`create database ${pg.escapeIdentifier(database)}`).catch((error: unknown) => {
      // Another control plane that is started at this moment was faster.
      if (hasCode(error, "42P04", "23505")) return;
      throw posternError(
        "Y8017",
        `POSTERN_STATE_URL: there is no database "${database}", and it cannot be made.`,
        {
          detail: messageOf(error),
          hint: `As an administrator of the server: CREATE DATABASE "${database}" OWNER "${user}"`,
        },
      );
    });
  });
}

/** What is said of a server that is registered, said of this one. */
async function attempt<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    const { code, message, detail } = error;
    const hint =
      code === "Y8013"
        ? "Use sslmode=verify-full, with POSTERN_STATE_CA_FILE where the authority is your own. sslmode=disable is for this machine and private networks."
        : error.hint;
    throw posternError(code as "Y8010", `POSTERN_STATE_URL: ${message}`, { detail, hint, cause: error });
  }
}
