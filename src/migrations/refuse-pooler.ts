/** In charge of telling a direct connection from a pooler's, which gives each transaction another session. */
import type pg from "pg";
import { posternError } from "../base/error.ts";

/** A pooler makes up the process id that it tells its clients. @throws Y3038 */
export async function refusePooler(client: pg.ClientBase): Promise<void> {
  const told = (client as { processID?: number | null }).processID;
  const { rows } = await client.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  if (told === undefined || told === null || told === rows[0]!.pid) return;
  throw posternError("Y3038", "Migrations need a direct connection, and this one leads through a pooler.", {
    detail:
      "A pooler may give every transaction another session, which the lock of a migration does not outlive.",
    hint: "Use the direct address: `postern db url NAME --direct`, or the variable DIRECT_URL.",
  });
}
