// Serves the page on this machine, at an address that tells it where its database is.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const port = Number(process.env.PORT ?? 8080);
const database = process.env.DATABASE_HTTP_URL;
if (database === undefined) {
  console.error("DATABASE_HTTP_URL is not set. Start this with: postern run -- node serve.mjs");
  process.exit(2);
}
const page = await readFile(new URL("index.html", import.meta.url));

createServer((request, response) => {
  if (new URL(request.url, "http://localhost").pathname !== "/") return response.writeHead(404).end();
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
}).listen(port, "127.0.0.1", () => {
  console.log(`Open http://localhost:${port}/?database=${encodeURIComponent(database)}`);
});
