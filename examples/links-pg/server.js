// The links over HTTP.
import { createServer } from "node:http";
import { addLink, closeLinks, followLink, listLinks, showLink } from "./links.js";

const server = createServer(async (request, response) => {
  try {
    await answer(request, response);
  } catch (error) {
    console.error(error);
    send(response, 500, { error: "Something went wrong here." });
  }
});

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const route = `${request.method} ${pathname}`;
  if (route === "POST /links") return create(request, response);
  if (route === "GET /links") return send(response, 200, await listLinks(readPage(searchParams)));
  const [, folder, slug] = pathname.match(/^(\/links)?\/([a-z0-9-]{1,64})$/) ?? [];
  if (request.method !== "GET" || slug === undefined) return send(response, 404, { error: "Not found" });
  if (folder) {
    const link = await showLink(slug);
    return link ? send(response, 200, link) : send(response, 404, { error: "No such link" });
  }
  const target = await followLink(slug, request.headers.referer ?? null);
  if (target === null) return send(response, 404, { error: "No such link" });
  return response.writeHead(302, { location: target }).end();
}

async function create(request, response) {
  const { target, slug } = await readFields(request);
  if (typeof target !== "string" || !URL.canParse(target) || !/^https?:/.test(target))
    return send(response, 400, { error: "target has to be a URL with http or https" });
  if (slug !== undefined && (typeof slug !== "string" || !/^[a-z0-9-]{1,64}$/.test(slug)))
    return send(response, 400, { error: "slug has to be 1 to 64 of a-z, 0-9 and -" });
  const link = await addLink(target, slug);
  return link ? send(response, 201, link) : send(response, 409, { error: `${slug} is taken` });
}

const readPage = (params) => ({
  after: readNumber(params.get("after")),
  limit: Math.min(Math.max(readNumber(params.get("limit")) ?? 20, 1), 100),
});

const readNumber = (text) => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : null);

/** None when the body is no JSON object, or too long. */
async function readFields(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > 10_000) return {};
  }
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

const send = (response, status, body) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const port = Number(process.env.PORT ?? 3000);
server.listen(port, () => console.log(`Listening at http://localhost:${port}`));

// Answers what is under way, then leaves the database.
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close(() => closeLinks()));
