/** In charge of the route that tells what all databases are asked at this moment. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { liveView } from "../schemas/insight.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

export function liveRoutes(app: HttpApp, { insights }: HttpServices, caller: AuthenticationHooks): void {
  app.get("/v1/live", {
    schema: {
      tags: ["Insights"],
      operationId: "getLive",
      summary: "Show what all databases are asked at this moment",
      security: security.account,
      response: { 200: json("As it is now.", liveView), ...errors(401) },
    },
    onRequest: caller.account,
    handler: (request) => insights.live(accountOf(request)),
  });
}
