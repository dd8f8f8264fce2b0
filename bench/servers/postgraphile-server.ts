/**
 * In charge of PostGraphile 4 as its documentation mounts it, without its tools for development. Argument: the pool's
 * options as JSON; prints the port it listens on.
 */
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { PoolConfig } from "pg";

interface PostGraphile {
  postgraphile(pool: PoolConfig, schema: string, options: Record<string, unknown>): RequestListener;
}

const peers = createRequire(new URL("../../bench/peers/package.json", import.meta.url));
const { postgraphile } = peers("postgraphile") as PostGraphile;
const handler = postgraphile(JSON.parse(process.argv[2]!), "public", {
  graphiql: false,
  disableQueryLog: true,
  enhanceGraphiql: false,
});
const server = createServer(handler);

server.listen(0, "127.0.0.1", () => console.log((server.address() as { port: number }).port));
