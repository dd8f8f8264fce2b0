/** In charge of looking at a server that is to be registered: what it is, what may be done there, whose it is. */
import type pg from "pg";
import { posternError } from "../../base/error.ts";

export interface ServerMark {
  postern: string;
  instance: string;
}

export interface ServerFacts {
  isSuperuser: boolean;
  maxConnections: number;
  systemIdentifier: string | null;
  extensions: string[];
  /** Median of five round trips. */
  latencyMs: number;
  /** Of the Postern that it is registered by. */
  mark: ServerMark | null;
  /** Postern's own servers have a role that only they have. */
  isPosterns: boolean;
  warnings: string[];
}

interface Row {
  user: string;
  superuser: boolean;
  createdb: boolean;
  createrole: boolean;
  recovering: boolean;
  read_only: boolean;
  connections: number;
  reserved: number;
  own_admin: boolean;
  mark: string | null;
  extensions: string[] | null;
}

const factsSql = `
  select r.rolname as "user", r.rolsuper as superuser, r.rolcreatedb as createdb, r.rolcreaterole as createrole,
         pg_is_in_recovery() as recovering, current_setting('default_transaction_read_only')::bool as read_only,
         current_setting('max_connections')::int as connections,
         current_setting('superuser_reserved_connections')::int
           + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
         a.oid is not null and a.rolsuper and shobj_description(a.oid, 'pg_authid') is null as own_admin,
         shobj_description(a.oid, 'pg_authid') as mark,
         (select array_agg(name::text order by name) from pg_available_extensions) as extensions
    from pg_roles r left join pg_roles a on a.rolname = 'postern_admin'
   where r.rolname = current_user`;

/** @throws Y8016 Y8017 */
export async function inspectServer(client: pg.Client): Promise<ServerFacts> {
  const { rows } = await client.query<Row>(factsSql);
  const row = rows[0]!;
  if (row.recovering || row.read_only)
    throw posternError("Y8016", "The server takes no writes.", {
      detail: row.recovering ? "It is a standby." : "default_transaction_read_only is on.",
      hint: "Give the address of the primary, or of the proxy that leads to it.",
    });
  requireRights(row);
  return {
    isSuperuser: row.superuser,
    maxConnections: row.connections - row.reserved,
    systemIdentifier: await readIdentifier(client),
    extensions: row.extensions ?? [],
    latencyMs: await measureLatency(client),
    mark: parseMark(row.mark),
    isPosterns: row.own_admin,
    warnings: row.superuser ? [] : limits,
  };
}

/** What takes a superuser, and has no other way. */
const limits = [
  "No superuser: a table with FORCE ROW LEVEL SECURITY whose owner may not read all of it cannot be backed up.",
  "No superuser: Postgres's own functions with side effects stay open to the users of an application that sends SQL of its own.",
];

function requireRights({ user, superuser, createdb, createrole }: Row): void {
  if (superuser || (createdb && createrole)) return;
  const missing = [...(createdb ? [] : ["CREATEDB"]), ...(createrole ? [] : ["CREATEROLE"])];
  throw posternError("Y8017", `The role ${user} may not do what Postern has to do there.`, {
    detail: `It lacks ${missing.join(" and ")}.`,
    hint: `As an administrator of the server: ALTER ROLE "${user}" ${missing.join(" ")}`,
  });
}

async function readIdentifier(client: pg.Client): Promise<string | null> {
  const found = await client
    .query<{ id: string }>("select system_identifier::text as id from pg_control_system()")
    .catch(() => undefined);
  return found?.rows[0]?.id ?? null;
}

export async function measureLatency(client: pg.Client, rounds = 5): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await client.query("select 1");
    times.push(performance.now() - startedAt);
  }
  return Math.round(times.sort((a, b) => a - b)[Math.floor(rounds / 2)]! * 100) / 100;
}

function parseMark(text: string | null): ServerMark | null {
  try {
    const mark = JSON.parse(text ?? "null") as Partial<ServerMark> | null;
    return mark?.postern && mark.instance ? (mark as ServerMark) : null;
  } catch {
    return null;
  }
}

/** A server belongs to one Postern, and is registered once. @throws Y8018 */
export function requireOurs(
  { mark, isPosterns }: ServerFacts,
  { postern, same, takeOver }: { postern: string; same: string | undefined; takeOver: boolean },
): void {
  if (isPosterns)
    throw posternError("Y8018", "This is a server of a Postern's own.", {
      hint: "Register servers that somebody else runs; a Postern looks after its own by itself.",
    });
  if (same !== undefined)
    throw posternError("Y8018", `This server is registered already, as "${same}".`, {
      hint: "One server is one instance, by whatever address it is reached.",
    });
  // What a registration that was cut off has left is this Postern's own.
  if (mark && mark.postern !== postern && !takeOver)
    throw posternError("Y8018", "This server is registered by another Postern.", {
      detail: `It carries the mark ${mark.postern}.`,
      hint: "Deregister it there. Where that Postern is gone for good, `--take-over` registers it here.",
    });
}
