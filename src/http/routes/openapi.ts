/** In charge of serving the description of all routes. */
import { z } from "zod";
import type { HttpApp } from "../http-app.ts";
import { errors, json, security } from "../schemas/respond.ts";

export function openapiRoutes(app: HttpApp): void {
  app.get("/openapi.json", {
    schema: {
      tags: ["Status"],
      operationId: "getOpenapi",
      summary: "Describe this API in OpenAPI 3.1",
      security: security.none,
      response: { 200: json("The document.", z.record(z.string(), z.unknown())), ...errors() },
    },
    handler: async () => app.swagger() as unknown as Record<string, unknown>,
  });
}
