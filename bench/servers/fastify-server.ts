/**
 * In charge of what a careful team would write: fastify, a `pg` pool, named statements. Argument: the pool's options as
 * JSON; prints the port it listens on.
 */
import { fastify } from "fastify";
import pg from "pg";
import type { Statement } from "../workloads.ts";
import { runByPg } from "./run-by-pg.ts";

const run = runByPg(new pg.Pool(JSON.parse(process.argv[2]!)), { named: true });
const app = fastify();

for (const route of ["/query", "/execute"])
  app.post<{ Body: Statement }>(route, (request) => run.query(request.body));
app.post<{ Body: { statements: Statement[] } }>("/transaction", (request) =>
  run.transaction(request.body.statements),
);

await app.listen({ host: "127.0.0.1", port: 0 });
console.log((app.server.address() as { port: number }).port);
