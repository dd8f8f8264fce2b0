// The links with Express.
import express from "express";
import { addLink, followLink, listLinks, readNewLink, readPage, showLink } from "./links.js";

const app = express();
app.use(express.json());

app.post("/links", async (request, response) => {
  const { link, error } = readNewLink(request.body);
  if (error) return response.status(400).json({ error });
  const added = await addLink(link);
  if (added === null) return response.status(409).json({ error: `${link.slug} is taken` });
  return response.status(201).json(added);
});

app.get("/links", async (request, response) => response.json(await listLinks(readPage(request.query))));

app.get("/links/:slug", async (request, response, next) => {
  const link = await showLink(request.params.slug);
  return link ? response.json(link) : next();
});

app.get("/:slug", async (request, response, next) => {
  const target = await followLink(request.params.slug, request.get("referer"));
  return target ? response.redirect(target) : next();
});

app.use((_request, response) => response.status(404).json({ error: "No such link" }));

// Express knows a handler of errors by its four parameters.
app.use((error, _request, response, _next) => {
  const status = error.status ?? 500;
  if (status >= 500) console.error(error);
  response.status(status).json({ error: status < 500 ? error.message : "Something went wrong here." });
});

const port = Number(process.env.PORT ?? 3000);
const server = app.listen(port, () => console.log(`Listening at http://localhost:${port}`));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
