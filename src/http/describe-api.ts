/** In charge of the OpenAPI document, generated from the schemas that check the requests. */
import swagger from "@fastify/swagger";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { HttpApp } from "./http-app.ts";

export function describeApi(app: HttpApp, version: string): void {
  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Postern",
        version,
        description: "A managed Postgres on one machine: databases, migrations, backups, and SQL over HTTP.",
      },
      tags: [
        { name: "SQL over HTTP", description: "Statements on one database." },
        { name: "Records", description: "Structured queries, and the log of who changed what." },
        { name: "Databases", description: "Making, showing and destroying them." },
        {
          name: "Tokens and credentials",
          description: "Tokens that open a database over HTTP, and its owner's password.",
        },
        { name: "Client access", description: "An application's users, with tokens of their own." },
        {
          name: "Projects",
          description: "Applications, their environments, and the manifest that says what they need.",
        },
        { name: "Releases", description: "What was deployed to an environment, and the services that run." },
        { name: "Environments", description: "The database of an environment, by its name." },
        { name: "Migrations", description: "SQL files, each applied once." },
        { name: "Data", description: "Tables and their rows, as a person looks at them and changes them." },
        { name: "Insights", description: "What a database is asked, and what it takes." },
        { name: "Row security", description: "What a client of a database would see." },
        { name: "Branches", description: "Copies of a database, with secrets of their own." },
        { name: "Backups", description: "Dumps, verified and restorable." },
        { name: "Recovery", description: "Back to a point in time, or after the loss of a server's data." },
        {
          name: "Instances",
          description:
            "Postgres servers that somebody else runs, and that databases are placed on. For administrators.",
        },
        { name: "Gateways", description: "Processes on other hosts that answer SQL over HTTP." },
        { name: "Operations", description: "Work that takes longer than a request." },
        { name: "Accounts", description: "Who may do all this." },
        { name: "Console", description: "Being signed in to the pages below /console/." },
        { name: "Status", description: "How Postern is." },
      ],
      components: {
        securitySchemes: {
          apiKey: { type: "http", scheme: "bearer", description: "An account's API key, `pk_…`." },
          databaseToken: {
            type: "http",
            scheme: "bearer",
            description: "A database's token, 64 hex digits.",
          },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  });
}

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** Each named schema comes in a form for requests and one for answers; those that nothing refers to only confuse. */
function withoutUnused(document: Document): Document {
  // The type also allows for Swagger 2, which has no components.
  const { schemas = {}, ...components } = ("components" in document && document.components) || {};
  const used = new Set<string>();
  const collect = (part: unknown) => {
    for (const [, name] of JSON.stringify(part ?? {}).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name!)) continue;
      used.add(name!);
      collect((schemas as Record<string, unknown>)[name!]);
    }
  };
  collect("paths" in document ? document.paths : {});
  const kept = Object.entries(schemas).filter(([name]) => used.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(kept) } } as Document;
}
