// What the application does, whatever server it runs in. `ctx` is one request's transaction.
import { createClient } from "@postern/sdk/client";

const { DATABASE_HTTP_URL, DATABASE_ID, DATABASE_TOKEN } = process.env;
if (!DATABASE_HTTP_URL || !DATABASE_TOKEN)
  throw new Error(`Set DATABASE_HTTP_URL and DATABASE_TOKEN${DATABASE_ID ? "" : ": postern run -- node …"}`);

export const client = createClient({ url: DATABASE_HTTP_URL, token: DATABASE_TOKEN });

/** What goes wrong on the caller's side: an answer, and everything is undone. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Three statements that take effect together or not at all. */
export async function transfer(ctx, body) {
  const { payer, payee, amount } = body ?? {};
  if (typeof payer !== "string" || typeof payee !== "string" || !Number.isInteger(amount) || amount < 1)
    throw new Refusal(400, "Send payer, payee and an amount.");
  const [added] = await ctx.db.query({
    table: "transfers",
    operation: "insert",
    data: { payer, payee, amount },
  });
  await ctx.query("update accounts set balance = balance + $1 where id = $2", [amount, payee]);
  await ctx.query("update accounts set balance = balance - $1 where id = $2", [amount, payer]);
  return added;
}

export const listAccounts = (ctx) => ctx.db.query({ table: "accounts", operation: "select", limit: 100 });

/** Status and body for what a request threw. */
export function describeFailure(error) {
  if (error instanceof Refusal) return [error.status, { error: error.message }];
  // Postgres's codes come as they are: a check, a missing account.
  if (error.code === "23514") return [409, { error: "There is not enough money." }];
  if (error.code === "23503") return [404, { error: "There is no such account." }];
  // Of servers that read bodies themselves.
  const status = error.statusCode ?? error.status;
  if (!error.code?.startsWith?.("Y") && status >= 400 && status < 500)
    return [status, { error: error.message }];
  console.error(error);
  return [500, { error: "Something went wrong here." }];
}
