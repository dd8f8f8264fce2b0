/** In charge of the rows of gateways and of the tokens that let them in. */
import type { Queryable } from "./state.ts";

export interface GatewayTokenRow {
  id: string;
  name: string;
  created_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

export interface GatewayRow {
  id: string;
  token_id: string;
  token_name: string;
  name: string;
  version: string;
  address: string;
  started_at: Date;
  last_seen_at: Date;
  /** By the clock that wrote `last_seen_at`. */
  silent_ms: number;
}

const shown = "id, name, created_at, last_used_at, revoked_at";

/** @throws 23505 when the name is taken */
export async function insertGatewayToken(
  db: Queryable,
  { id, name, hash }: { id: string; name: string; hash: Buffer },
): Promise<GatewayTokenRow> {
  const { rows } = await db.query<GatewayTokenRow>(
    `insert into gateway_tokens (id, name, token_hash) values ($1, $2, $3) returning ${shown}`,
    [id, name, hash],
  );
  return rows[0]!;
}

/** Those that count; the newest first. */
export async function listGatewayTokens(db: Queryable): Promise<GatewayTokenRow[]> {
  const { rows } = await db.query<GatewayTokenRow>(
    `select ${shown} from gateway_tokens where revoked_at is null order by created_at desc, id`,
  );
  return rows;
}

/** By id or by name. */
export async function revokeGatewayToken(db: Queryable, ref: string): Promise<GatewayTokenRow | undefined> {
  const { rows } = await db.query<GatewayTokenRow>(
    `update gateway_tokens set revoked_at = now()
      where (id = $1 or name = $1) and revoked_at is null returning ${shown}`,
    [ref],
  );
  return rows[0];
}

export async function findGatewayToken(
  db: Queryable,
  hash: Buffer,
): Promise<Pick<GatewayTokenRow, "id" | "name"> | undefined> {
  const { rows } = await db.query<Pick<GatewayTokenRow, "id" | "name">>(
    "select id, name from gateway_tokens where token_hash = $1 and revoked_at is null",
    [hash],
  );
  return rows[0];
}

/** Told every few seconds of each that is connected; what has not been seen for a day is forgotten. */
export async function noteGateway(
  db: Queryable,
  gateway: Pick<GatewayRow, "id" | "token_id" | "name" | "version" | "address">,
): Promise<void> {
  const { id, token_id, name, version, address } = gateway;
  await db.query(
    `with forgotten as (delete from gateways where last_seen_at < now() - interval '1 day' and id <> $1),
          used as (update gateway_tokens set last_used_at = now()
                    where id = $2 and (last_used_at is null or last_used_at < now() - interval '1 minute'))
     insert into gateways (id, token_id, name, version, address) values ($1, $2, $3, $4, $5)
       on conflict (id) do update set last_seen_at = now(), name = $3, version = $4, address = $5`,
    [id, token_id, name, version, address],
  );
}

/** It has said that it ends. */
export async function forgetGateway(db: Queryable, id: string, tokenId: string): Promise<void> {
  await db.query("delete from gateways where id = $1 and token_id = $2", [id, tokenId]);
}

export async function listGateways(db: Queryable): Promise<GatewayRow[]> {
  const { rows } = await db.query<GatewayRow>(
    `select g.*, t.name as token_name, (extract(epoch from now() - g.last_seen_at) * 1000)::float8 as silent_ms
       from gateways g join gateway_tokens t on t.id = g.token_id
      order by g.name, g.started_at`,
  );
  return rows;
}
