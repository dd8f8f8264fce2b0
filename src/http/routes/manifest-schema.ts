/** In charge of the route from which editors load the manifest's JSON Schema. */
import { renderManifestSchema } from "../../manifest/render-schema.ts";
import type { HttpApp } from "../http-app.ts";

export function manifestSchemaRoutes(app: HttpApp): void {
  const text = renderManifestSchema();
  app.get("/manifest.schema.json", { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/schema+json").send(text),
  );
}
