/** In charge of all routes at a database's own host that are about records and their log. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import type { HttpServices } from "../services/http-services.ts";
import { openRequestRoutes } from "./open-requests.ts";
import type { DataPlaneRules } from "./query.ts";
import { recordRoutes } from "./records.ts";
import { ownStateRoutes } from "./state.ts";

export function recordPlaneRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  rules: DataPlaneRules,
): void {
  recordRoutes(app, services, caller, rules);
  openRequestRoutes(app, services, caller, rules);
  ownStateRoutes(app, services, caller);
}
