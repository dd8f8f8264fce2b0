/** In charge of the one connection that a command works over, and of its errors in Postern's form. */
import pg from "pg";
import { sleep } from "../base/clock.ts";
import { hasCode, messageOf, PosternError, posternError } from "../base/error.ts";
import { openClient } from "../postgres/open-client.ts";
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

/** `wait`: for how long a server that does not answer yet is asked again. */
export async function withPostgresAt<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
  wait?: { waitMs: number; onWait: (why: string) => void },
): Promise<Result> {
  const client = wait ? await connectInTime(url, wait) : await connect(url);
  try {
    return await work(client);
  } catch (error) {
    throw asSqlError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

export async function directUrl(context: CliContext, target: Target): Promise<string> {
  if (target.kind === "url") return target.url;
  return (await (await context.forDatabase(target)).getDatabaseUrls(target.ref)).direct;
}

/** Only what may pass by itself is waited out: no answer, a name that is not known yet, a server that starts. */
async function connectInTime(
  url: string,
  { waitMs, onWait }: { waitMs: number; onWait: (why: string) => void },
): Promise<pg.Client> {
  const deadline = performance.now() + waitMs;
  for (let told = false; ; told = true) {
    try {
      return await connect(url);
    } catch (error) {
      if (!hasCode(error, "Y4001", "57P03", "53300")) throw error;
      if (performance.now() > deadline) {
        throw posternError("Y4001", `Postgres did not answer within ${Math.round(waitMs / 1000)} s.`, {
          detail: (error as PosternError).detail ?? messageOf(error),
          hint: "--wait gives it longer.",
          cause: error,
        });
      }
      if (!told) onWait((error as PosternError).detail ?? messageOf(error));
      await sleep(Math.min(500, Math.max(1, deadline - performance.now())));
    }
  }
}

async function connect(url: string): Promise<pg.Client> {
  const session = { ...postgresAddress(url), connectionTimeoutMillis: 10_000, application_name: "postern" };
  try {
    return await openClient(session);
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
