/**
 * In charge of databases that are copied from the template ahead of time: giving one its name takes a millisecond, making
 * one takes fifty. A server without spares just makes one.
 */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { hasCode } from "../base/error.ts";
import { spareDatabasePrefix, templateDatabase } from "../runtime/server-template.ts";
import type { Platform } from "./platform.ts";
import { withAdmin } from "./with-admin.ts";

const { escapeIdentifier: name } = pg;

/** Gives a spare database this name; false when there is none. */
export async function claimSpareDatabase(client: pg.Client, databaseName: string): Promise<boolean> {
  for (const spare of await listSpares(client)) {
    try {
      await client.query(`alter database ${name(spare)} rename to ${name(databaseName)}`);
      return true;
    } catch (error) {
      // Another claim took this one (3D000), or it is being made (55006) or closed (XX000) just now.
      if (!hasCode(error, "3D000", "55006", "XX000")) throw error;
    }
  }
  return false;
}

/** Makes spares until there are `wanted`, none where everything may be lost; several at once may make one too many, which is used up later. */
export async function refillSpareDatabases(
  platform: Pick<Platform, "config" | "stopping">,
  server: string,
  wanted: number,
): Promise<void> {
  if (platform.config.ephemeral) return;
  await withAdmin(platform, server, "postgres", async (client) => {
    while (!platform.stopping.aborted && (await listSpares(client)).length < wanted) {
      const spare = name(`${spareDatabasePrefix}${randomBytes(4).toString("hex")}`);
      await client.query(`create database ${spare} template ${templateDatabase} strategy wal_log`);
      await closeToEveryone(client, spare);
    }
  });
}

/** A claim may rename it at the same time; then it is closed by those who claimed it. */
async function closeToEveryone(client: pg.Client, spare: string): Promise<void> {
  await client.query(`revoke all on database ${spare} from public`).catch((error: unknown) => {
    if (!hasCode(error, "3D000", "XX000")) throw error;
  });
}

async function listSpares(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select datname as name from pg_database where starts_with(datname, $1) order by oid",
    [spareDatabasePrefix],
  );
  return rows.map((row) => row.name);
}
