/** In charge of the addresses of a database, as whoever asks now reaches it. */
import type { DatabaseUrls } from "@postern/sdk/protocol";
import { hasCode, posternError } from "../base/error.ts";
import { isByGateway, type WayIn, wayIn } from "../base/way-in.ts";
import { renderConnectionUrl } from "../credentials/connection-url.ts";
import { databaseAddress } from "../instances/database-address.ts";
import { notePassword } from "../instances/note-password.ts";
import type { Platform } from "../instances/platform.ts";
import { openClient } from "../postgres/open-client.ts";
import { verifyPassword } from "../postgres/scram.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance, type InstanceRow } from "../state/instances.ts";
import { findRegistered, type RegisteredRow } from "../state/registered-instances.ts";

/** `<id>.<domain>[:port]` */
export function databaseHost(platform: Platform, row: DatabaseRow): string {
  const { ports, isHttps } = wayIn(platform);
  const usual = isHttps ? 443 : 80;
  return `${row.id}.${platform.config.domain}${ports.http === usual ? "" : `:${ports.http}`}`;
}

export const databaseHttpUrl = (platform: Platform, row: DatabaseRow): string =>
  `${wayIn(platform).isHttps ? "https" : "http"}://${databaseHost(platform, row)}`;

/** The server of somebody else that it is on. */
export const placeOf = async (
  { state }: Pick<Platform, "state">,
  { isolation, instance_id: id }: DatabaseRow,
): Promise<RegisteredRow | undefined> =>
  isolation === "external" && id !== null ? findRegistered(state, id) : undefined;

/** The secrets of a database; whoever calls this has checked that the caller may have them. */
export async function describeUrls(platform: Platform, row: DatabaseRow): Promise<DatabaseUrls> {
  const instance = await findInstance(platform.state, row.instance_id!);
  const registered = await placeOf(platform, row);
  const password = await knownPassword(platform, row);
  const { host, isEncrypted, ports } = wayIn(platform);
  const login = { user: row.role_name, password, host, isEncrypted, database: row.database_name };
  const direct = { ...login, ...directAddress(instance!, registered, ports) };
  return {
    pooled: renderConnectionUrl({ ...login, port: ports.pool }),
    direct: renderConnectionUrl(direct),
    http: databaseHttpUrl(platform, row),
    host: databaseHost(platform, row),
    user: row.role_name,
    password,
    database: row.database_name,
    pool_port: ports.pool,
    direct_port: direct.port,
  };
}

/** At a gateway one port leads to all servers. Otherwise past Postern: to the server itself, wherever it is. */
function directAddress(
  instance: Pick<InstanceRow, "front_port" | "tcp_port">,
  registered: RegisteredRow | undefined,
  ports: WayIn["ports"],
) {
  if (isByGateway()) return { port: ports.direct };
  return registered ? addressOf(registered) : { port: instance.front_port ?? instance.tcp_port };
}

const addressOf = ({ hosts, tls_mode: mode }: RegisteredRow) => ({
  ...hosts[0]!,
  isEncrypted: mode !== "disable",
});

/** The owner may have changed it with SQL; nobody can then say what it is. @throws Y1041 */
async function knownPassword(platform: Platform, row: DatabaseRow): Promise<string> {
  const password = platform.secrets.open(row.password_sealed, row.id);
  const isKnown = await verifyPassword(password, await notePassword(platform, row));
  if (isKnown && !(row.isolation === "external" && (await isRefused(platform, row)))) return password;
  throw posternError("Y1041", `The password of database ${row.name} was changed with SQL.`, {
    detail:
      "Postern does not know the new one, so its URLs cannot be told. The password that you gave it opens them all.",
    hint: `\`postern db reset-password ${row.name}\` sets a new one that Postern knows.`,
  });
}

/** Where verifiers cannot be read, a login tells. */
async function isRefused(platform: Platform, row: DatabaseRow): Promise<boolean> {
  if (row.status !== "ready") return false;
  const address = databaseAddress(platform, row);
  try {
    await (await openClient(address)).end();
    return false;
  } catch (error) {
    return hasCode(error, "28P01");
  }
}
