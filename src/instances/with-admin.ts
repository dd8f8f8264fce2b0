/** In charge of short sessions as the superuser of a server, for Postern's own statements. */
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import { openClient } from "../postgres/open-client.ts";
import { adminRole } from "../runtime/server-template.ts";
import { serverLayout } from "./server-layout.ts";

interface Place {
  config: { home: string };
}

/** A server that is being started again after a crash refuses for a moment; these say "soon". */
const soon = ["57P03", "ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "57P01", "57P02"];

/** Runs `work` in a session of its own. @throws Y4001 when the server does not come back within 15 seconds. */
export async function withAdmin<Result>(
  place: Place,
  server: string,
  database: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connectAs(place, server, database, adminRole);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** A session over the server's socket as any role. @throws Y4001 */
export async function connectAs(
  place: Place,
  server: string,
  database: string,
  role: string,
): Promise<pg.Client> {
  const host = serverLayout(place.config.home, server).socketDirectory;
  const deadline = performance.now() + 15_000;
  for (;;) {
    try {
      return await openClient({ host, port: 5432, user: role, database, application_name: "postern" });
    } catch (error) {
      if (!hasCode(error, ...soon) && !/terminated unexpectedly/.test(messageOf(error))) throw error;
      if (performance.now() > deadline) {
        throw posternError("Y4001", `Postgres server ${server} does not answer.`, {
          detail: messageOf(error),
          hint: "`postern status` and `postern logs` tell more.",
          cause: error,
        });
      }
      await sleep(50);
    }
  }
}
