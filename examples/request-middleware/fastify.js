// One request, one transaction, with Fastify.
import Fastify from "fastify";
import { client, describeFailure, listAccounts, transfer } from "./bank.js";

/** A route whose answer goes out when its transaction is kept, and never before. */
const inRequest = (status, work) => async (request, reply) => {
  const body = await client.withRequest(request, (ctx) => work(ctx, request));
  return reply.code(status).send(body);
};

const app = Fastify();
app.get("/accounts", inRequest(200, listAccounts));
app.post(
  "/transfers",
  inRequest(201, (ctx, request) => transfer(ctx, request.body)),
);
app.setErrorHandler((error, _request, reply) => {
  const [status, body] = describeFailure(error);
  return reply.code(status).send(body);
});

const port = Number(process.env.PORT ?? 3000);
await app.listen({ port });
console.log(`Listening at http://localhost:${port}`);
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => app.close());
