// One request, one transaction, with Express.
import express from "express";
import { client, describeFailure, listAccounts, transfer } from "./bank.js";

/** A route whose answer goes out when its transaction is kept, and never before. */
const inRequest = (status, work) => async (request, response) => {
  const body = await client.withRequest(request, (ctx) => work(ctx, request));
  response.status(status).json(body);
};

const app = express();
app.use(express.json());
app.get("/accounts", inRequest(200, listAccounts));
app.post(
  "/transfers",
  inRequest(201, (ctx, request) => transfer(ctx, request.body)),
);
app.use((error, _request, response, _next) => {
  const [status, body] = describeFailure(error);
  response.status(status).json(body);
});

const port = Number(process.env.PORT ?? 3000);
const server = app.listen(port, () => console.log(`Listening at http://localhost:${port}`));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
