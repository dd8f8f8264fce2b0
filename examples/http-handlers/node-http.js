// The function of handler.js on Node's own server.
import { createServer } from "node:http";
import handler from "./handler.js";

const port = Number(process.env.PORT ?? 3000);

const server = createServer(async (incoming, outgoing) => {
  try {
    const response = await handler(await asRequest(incoming));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
  } catch (error) {
    console.error(error);
    outgoing
      .writeHead(500, { "content-type": "application/json" })
      .end('{"error":"Something went wrong here."}');
  }
});

async function asRequest(incoming) {
  const { method, url, headers } = incoming;
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return new Request(new URL(url, `http://localhost:${port}`), {
    method,
    headers,
    body: chunks.length === 0 ? undefined : Buffer.concat(chunks),
  });
}

server.listen(port, () => console.log(`Listening at http://localhost:${port}`));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
