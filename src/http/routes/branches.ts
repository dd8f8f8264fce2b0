/** In charge of the routes of branches: making and listing. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { createBranchRequest, createdBranch } from "../schemas/branch.ts";
import { databaseInfo, databaseRef } from "../schemas/database.ts";
import { flag } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services.ts";

const tags = ["Branches"];

export function branchRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/branches", {
    schema: {
      tags,
      operationId: "createBranch",
      summary: "Make a branch: a copy of a database, with secrets of its own",
      description: "Answers when the branch is ready; with `wait=false` as soon as the work is accepted.",
      security: security.account,
      params: databaseRef,
      querystring: z.object({ wait: flag }),
      body: createBranchRequest,
      response: {
        201: json("Ready to use.", createdBranch),
        202: json("Accepted; the operation tells when it is ready.", createdBranch),
        ...errors(400, 401, 403, 404, 409, 503, 507),
      },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const wait = request.query.wait !== "false";
      const created = await services.branches.create(accountOf(request), {
        ...request.params,
        ...request.body,
        wait,
      });
      return reply.code(created.status === "ready" ? 201 : 202).send(created);
    },
  });

  app.get("/v1/databases/:ref/branches", {
    schema: {
      tags,
      operationId: "listBranches",
      summary: "List a database's branches, newest first",
      security: security.account,
      params: databaseRef,
      response: { 200: json("The branches.", z.array(databaseInfo)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => services.branches.list(accountOf(request), request.params),
  });
}
