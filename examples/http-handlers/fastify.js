// The links with Fastify.
import Fastify from "fastify";
import { addLink, followLink, listLinks, readNewLink, readPage, showLink } from "./links.js";

const app = Fastify();

app.post("/links", async (request, reply) => {
  const { link, error } = readNewLink(request.body);
  if (error) return reply.code(400).send({ error });
  const added = await addLink(link);
  if (added === null) return reply.code(409).send({ error: `${link.slug} is taken` });
  return reply.code(201).send(added);
});

app.get("/links", (request) => listLinks(readPage(request.query)));

app.get("/links/:slug", async (request, reply) => {
  const link = await showLink(request.params.slug);
  return link ?? reply.callNotFound();
});

app.get("/:slug", async (request, reply) => {
  const target = await followLink(request.params.slug, request.headers.referer);
  return target ? reply.redirect(target) : reply.callNotFound();
});

app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "No such link" }));

app.setErrorHandler((error, _request, reply) => {
  const status = error.statusCode ?? 500;
  if (status >= 500) console.error(error);
  return reply.code(status).send({ error: status < 500 ? error.message : "Something went wrong here." });
});

const port = Number(process.env.PORT ?? 3000);
await app.listen({ port });
console.log(`Listening at http://localhost:${port}`);
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => app.close());
