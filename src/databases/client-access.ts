/**
 * In charge of client access: whether the users of an application, and callers without any token, may speak to a
 * database, and whose tokens they bring. It is state: on until it is switched off, whatever is restarted in between.
 */
import type { ClientAccessInfo, ClientAccessRequest } from "@postern/sdk/protocol";
import type { ClientAccess } from "../access/authenticate-client.ts";
import { checkIssuerUrl, issuerRulesOf } from "../access/issuer-address.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { type ClientLogins, prepareClientAccess } from "../instances/client-access.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import { inspectRowSecurity } from "../postgres/inspect-row-security.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../state/databases.ts";
import { requireAwake, requireReady } from "./require-ready.ts";

type Settings = Pick<DatabaseRow, "client_access" | "oidc_issuer" | "oidc_audience">;
type ServerSettings = Pick<Platform, "config">;

export const describeClientAccess = ({ config }: ServerSettings, row: Settings): ClientAccessInfo => {
  // An audience belongs to an issuer: the server's own says nothing of another one's tokens.
  const audience = row.oidc_audience ?? (row.oidc_issuer === null ? config.oidc.audience : null);
  return { enabled: row.client_access, issuer: row.oidc_issuer ?? config.oidc.issuer, audience };
};

/**
 * What is absent stays as it was, but a new issuer forgets the audience of the old one; null: the server's. Also when
 * nothing changes, what clients need inside Postgres is mended. @throws Y3004 Y2012
 */
export async function enableClientAccess(
  platform: Platform,
  row: DatabaseRow,
  input: ClientAccessRequest,
): Promise<ClientAccessInfo> {
  requireAwake(requireReady(row));
  const wanted = { client_access: true, ...wantedIssuer(platform, row, input) };
  await prepareClientAccess(platform, row, { openPublicSchema: true });
  const changed = differs(row, wanted);
  if (changed) await updateDatabase(platform.state, row.id, wanted);
  const warnings = await findRisks(platform, row);
  return { ...describeClientAccess(platform, wanted), changed, warnings };
}

/** The login roles stay: without a daemon that logs in as them they open nothing. @throws Y3004 */
export async function disableClientAccess(platform: Platform, row: DatabaseRow): Promise<ClientAccessInfo> {
  requireAwake(requireReady(row));
  const changed = row.client_access;
  if (changed) await updateDatabase(platform.state, row.id, { client_access: false });
  return { ...describeClientAccess(platform, { ...row, client_access: false }), changed };
}

/** For the data plane; undefined for a database that does not exist. */
export async function findClientAccess(
  platform: Pick<Platform, "state" | "config">,
  id: DatabaseId,
): Promise<ClientAccess | undefined> {
  const row = await findDatabaseById(platform.state, id);
  if (!row || row.destroyed_at !== null) return undefined;
  return describeClientAccess(platform, row);
}

/** For the data plane, before its first session for clients. @throws Y3001 Y3004 */
export async function openClientAccess(platform: Platform, id: DatabaseId): Promise<ClientLogins> {
  const row = await findDatabaseById(platform.state, id);
  if (!row || row.destroyed_at !== null) throw posternError("Y3001", `There is no database ${id}.`);
  return prepareClientAccess(platform, requireReady(row));
}

function wantedIssuer({ config }: ServerSettings, row: DatabaseRow, input: ClientAccessRequest) {
  const { issuer = row.oidc_issuer } = input;
  if (typeof input.issuer === "string") checkIssuerUrl(input.issuer, issuerRulesOf(config));
  const { audience = issuer === row.oidc_issuer ? row.oidc_audience : null } = input;
  return { oidc_issuer: issuer, oidc_audience: audience };
}

const differs = (row: Settings, wanted: Settings): boolean =>
  (["client_access", "oidc_issuer", "oidc_audience"] as const).some(
    (column) => row[column] !== wanted[column],
  );

/** What clients have open: tables that they reach past row security. As the owner, who may read all that is asked. */
export async function findRisks(platform: Platform, row: DatabaseRow): Promise<string[]> {
  const owner = await connectAs(platform, row.instance_id!, row.database_name, row.role_name);
  try {
    const findings = await inspectRowSecurity(owner);
    return findings
      .filter(({ severity }) => severity === "error")
      .map(({ object, why }) => `${object}: ${why}`);
  } finally {
    await owner.end();
  }
}
