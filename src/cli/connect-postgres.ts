/** In charge of the one connection that a command works over, and of its errors in Postern's form. */
import pg from "pg";
import { messageOf, PosternError, posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { postgresAddress } from "./postgres-address.ts";
import { requireTarget, type Target } from "./target.ts";

/** Gives `work` a session in the database that the command line names, past the pooler, and ends it after. */
export async function withPostgres<Result>(
  context: CliContext,
  input: CommandInput,
  named: string | undefined,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  return withPostgresAt(await directUrl(context, await requireTarget(context, input, named)), work);
}

export async function withPostgresAt<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect(url);
  try {
    return await work(client);
  } catch (error) {
    throw asSqlError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

async function directUrl(context: CliContext, target: Target): Promise<string> {
  if (target.kind === "url") return target.url;
  return (await (await context.forDatabase(target)).getDatabaseUrls(target.ref)).direct;
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    ...postgresAddress(url),
    connectionTimeoutMillis: 10_000,
    application_name: "postern",
  });
  // A connection that is lost makes the statement under way fail, which tells enough.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    if (error instanceof pg.DatabaseError) throw asSqlError(error);
    throw posternError("Y4001", "Postgres does not answer.", { detail: messageOf(error), cause: error });
  }
}

function asSqlError(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return error;
  const { code, message, detail, hint } = error;
  const position = error.position === undefined ? undefined : Number(error.position);
  return new PosternError(code, message, { detail, hint, position, cause: error });
}
