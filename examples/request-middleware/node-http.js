// One request, one transaction, with Node's own server.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { client, describeFailure, listAccounts, Refusal, transfer } from "./bank.js";

const routes = {
  "GET /accounts": (ctx) => listAccounts(ctx),
  "POST /transfers": (ctx, body) => transfer(ctx, body),
};

async function answer(request) {
  const work = routes[`${request.method} ${request.url}`];
  if (!work) throw new Refusal(404, "There is nothing here.");
  const body = request.method === "POST" ? await json(request).catch(() => undefined) : undefined;
  return client.withRequest(request, (ctx) => work(ctx, body));
}

const server = createServer((request, response) => {
  const send = (status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  // The transaction is kept before the answer goes out.
  answer(request).then(
    (body) => send(request.method === "POST" ? 201 : 200, body),
    (error) => send(...describeFailure(error)),
  );
});

const port = Number(process.env.PORT ?? 3000);
server.listen(port, () => console.log(`Listening at http://localhost:${port}`));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
