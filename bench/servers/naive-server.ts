/**
 * In charge of what anyone would write in an afternoon, to measure Postern against: node:http, a `pg` pool, JSON.stringify.
 * Argument: the pool's options as JSON; prints the port it listens on.
 */
import { createServer } from "node:http";
import pg from "pg";
import { runByPg } from "./run-by-pg.ts";

const run = runByPg(new pg.Pool(JSON.parse(process.argv[2]!)), { named: false });

async function answer(path: string, body: string): Promise<unknown> {
  const request = JSON.parse(body);
  if (path === "/transaction") return run.transaction(request.statements);
  return run.query(request);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    let status = 200;
    const body = await answer(request.url!, Buffer.concat(chunks).toString()).catch((error: Error) => {
      status = 400;
      return { message: error.message };
    });
    const bytes = Buffer.from(JSON.stringify(body));
    response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
    response.end(bytes);
  });
});

server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port));
