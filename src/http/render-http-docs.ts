/** In charge of the HTTP API as a document. */
import { httpDocsIntroduction } from "./http-docs-introduction.ts";
import { openapiDocument } from "./openapi-document.ts";
import { type ApiDescription, renderRouteReference } from "./render-route-reference.ts";

/** Markdown of `docs/http-api.md`. It says nothing of a version, so a release alone does not change it. */
export async function renderHttpDocs(): Promise<string> {
  // OpenAPI's types allow for much that the schemas of the routes never make.
  const document = (await openapiDocument("")) as unknown as ApiDescription;
  return `${notice}\n${httpDocsIntroduction}\n${renderRouteReference(document)}\n`;
}

const notice =
  "<!-- Written by `npm run docs` from src/http: the routes, their schemas and http-docs-introduction.ts. -->";
