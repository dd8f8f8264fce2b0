// A function: it takes a Request and gives a Response, as most platforms for functions have it. node-http.js runs it on Node.
import { addLink, followLink, listLinks, readNewLink, readPage, showLink } from "./links.js";

export default async function handler(request) {
  const { pathname, searchParams } = new URL(request.url);
  const route = `${request.method} ${pathname}`;
  if (route === "POST /links") return create(await request.json().catch(() => undefined));
  if (route === "GET /links")
    return Response.json(await listLinks(readPage(Object.fromEntries(searchParams))));
  const [, folder, slug] = pathname.match(/^(\/links)?\/([a-z0-9-]{1,64})$/) ?? [];
  if (request.method !== "GET" || slug === undefined) return notFound();
  if (folder) {
    const link = await showLink(slug);
    return link ? Response.json(link) : notFound();
  }
  const target = await followLink(slug, request.headers.get("referer"));
  return target === null ? notFound() : new Response(null, { status: 302, headers: { location: target } });
}

async function create(fields) {
  const { link, error } = readNewLink(fields);
  if (error) return Response.json({ error }, { status: 400 });
  const added = await addLink(link);
  return added
    ? Response.json(added, { status: 201 })
    : Response.json({ error: `${link.slug} is taken` }, { status: 409 });
}

const notFound = () => Response.json({ error: "No such link" }, { status: 404 });
