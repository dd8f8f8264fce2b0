// One request, one transaction, with Hono: here it is a middleware, since Hono answers when the last of them is done.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { client, describeFailure, listAccounts, transfer } from "./bank.js";

const app = new Hono();
app.use((context, next) =>
  client.withRequest(context.req.raw, async (ctx) => {
    context.set("request", ctx);
    await next();
    // Hono has made an answer of it already; thrown once more, it undoes the transaction.
    if (context.error) throw context.error;
  }),
);
app.get("/accounts", async (context) => context.json(await listAccounts(context.get("request"))));
app.post("/transfers", async (context) => {
  const body = await context.req.json().catch(() => undefined);
  return context.json(await transfer(context.get("request"), body), 201);
});
app.onError((error, context) => {
  const [status, body] = describeFailure(error);
  return context.json(body, status);
});

const port = Number(process.env.PORT ?? 3000);
const server = serve({ fetch: app.fetch, port }, () => console.log(`Listening at http://localhost:${port}`));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
