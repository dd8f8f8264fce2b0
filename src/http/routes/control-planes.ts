/** In charge of the route by which administrators see the control planes. */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { posternError } from "../../base/error.ts";
import { type AuthenticationHooks, accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { controlPlane } from "../schemas/status.ts";
import type { HttpServices } from "../services/http-services.ts";

export function controlPlaneRoutes(
  app: HttpApp,
  { status }: HttpServices,
  caller: AuthenticationHooks,
): void {
  app.get("/v1/control-planes", {
    schema: {
      tags: ["Status"],
      operationId: "listControlPlanes",
      summary: "List the control planes that share the tables of the one that answers",
      description:
        "Those that are there, and those that ended without a word within a day and have not come back. None where the tables are a daemon's own.",
      security: security.account,
      response: { 200: json("The control planes.", z.array(controlPlane)), ...errors(401, 403) },
    },
    onRequest: async (request: FastifyRequest) => {
      await caller.account(request);
      if (accountOf(request).role !== "admin")
        throw posternError("Y2003", "Control planes are the affair of administrators.");
    },
    handler: () => status.listControlPlanes(),
  });
}
