/**
 * In charge of passwords that owners change with SQL: their verifier is written down as their server has it, so that whatever
 * checks or sets passwords later goes by it.
 */

import { hasCode } from "../base/error.ts";
import { noteVerifier } from "../state/credentials.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import { withLook } from "./awake-session.ts";
import type { Platform } from "./platform.ts";

/** Wakes nothing. Resolves with the verifier that counts. */
export async function notePassword(
  platform: Pick<Platform, "state" | "config">,
  row: Pick<DatabaseRow, "id" | "status" | "instance_id" | "role_name" | "scram_verifier">,
): Promise<string> {
  const { state } = platform;
  const instance =
    row.status === "ready" && row.instance_id !== null
      ? await findInstance(state, row.instance_id)
      : undefined;
  if (!instance) return row.scram_verifier;
  const seen = await withLook(platform, instance, {}, async (client) => {
    const { rows } = await client
      .query<{ verifier: string | null }>(
        "select rolpassword as verifier from pg_catalog.pg_authid where rolname = $1",
        [row.role_name],
      )
      .catch((error: unknown) => {
        // Where Postern is no superuser nobody tells.
        if (!hasCode(error, "42501")) throw error;
        return { rows: [] };
      });
    return rows[0]?.verifier;
  });
  if (!seen || seen === row.scram_verifier) return row.scram_verifier;
  return noteVerifier(state, row.id, { known: row.scram_verifier, seen });
}
