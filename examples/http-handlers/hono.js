// The links with Hono.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { addLink, followLink, listLinks, readNewLink, readPage, showLink } from "./links.js";

const app = new Hono();

app.post("/links", async (context) => {
  const { link, error } = readNewLink(await context.req.json().catch(() => undefined));
  if (error) return context.json({ error }, 400);
  const added = await addLink(link);
  return added ? context.json(added, 201) : context.json({ error: `${link.slug} is taken` }, 409);
});

app.get("/links", async (context) => context.json(await listLinks(readPage(context.req.query()))));

app.get("/links/:slug", async (context) => {
  const link = await showLink(context.req.param("slug"));
  return link ? context.json(link) : context.notFound();
});

app.get("/:slug", async (context) => {
  const target = await followLink(context.req.param("slug"), context.req.header("referer"));
  return target ? context.redirect(target) : context.notFound();
});

app.notFound((context) => context.json({ error: "No such link" }, 404));

app.onError((error, context) => {
  console.error(error);
  return context.json({ error: "Something went wrong here." }, 500);
});

const port = Number(process.env.PORT ?? 3000);
const server = serve({ fetch: app.fetch, port }, () => console.log(`Listening at http://localhost:${port}`));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
