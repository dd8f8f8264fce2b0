/** In charge of playing the data plane in client mode: logging in as a client's role and attaching an identity. */
import { createHmac } from "node:crypto";
import pg from "pg";
import type { ClientLogins } from "../../src/instances/client-access.ts";
import type { Platform } from "../../src/instances/platform.ts";
import { serverLayout } from "../../src/instances/server-layout.ts";
import type { DatabaseRow } from "../../src/state/databases.ts";

export const claimsOf = (subject: string): string => `${subject}\x1f${JSON.stringify({ sub: subject })}`;

/** In one minute, in seconds since 1970. */
export const inAMinute = (): number => Math.floor(Date.now() / 1000) + 60;

/** A session of a client's role over the socket, begun as the data plane begins it. */
export async function loginAsClient(
  { config }: Pick<Platform, "config">,
  row: DatabaseRow,
  user: string,
  settings: Record<string, string>,
  database = row.database_name,
): Promise<pg.Client> {
  const host = serverLayout(config.home, row.instance_id!).socketDirectory;
  const client = new pg.Client({ host, port: 5432, user, database, application_name: "client" });
  const { connection } = client as unknown as { connection: { startup(parameters: object): void } };
  const startup = connection.startup.bind(connection);
  connection.startup = (parameters) => startup({ ...parameters, ...settings });
  client.on("error", () => {});
  await client.connect();
  return client;
}

export interface Identity {
  role: string;
  pid: number;
  exp: number;
  claims: string;
}

export const macOf = (key: Buffer, { role, pid, exp, claims }: Identity): string =>
  createHmac("sha256", key).update(`${role}|${pid}|${exp}|${claims}`).digest("hex");

/** Begins a transaction as this user; ends it when the identity is refused. */
export async function attach(
  client: pg.Client,
  logins: ClientLogins,
  subject: string,
  change: Partial<
    Identity & { mac: string | null; sent: { claims?: string | null; exp?: number | null } }
  > = {},
): Promise<void> {
  const { processID } = client as unknown as { processID: number };
  const identity = {
    role: logins.authenticated,
    pid: processID,
    exp: inAMinute(),
    claims: claimsOf(subject),
    ...change,
  };
  const mac = change.mac === undefined ? macOf(logins.macKey, identity) : change.mac;
  const { claims, exp } = { claims: identity.claims, exp: identity.exp, ...change.sent };
  await client.query("begin");
  try {
    await client.query("select auth.attach($1, $2, $3)", [claims, exp, mac]);
    await client.query("set local role authenticated");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
