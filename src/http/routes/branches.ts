/** In charge of the routes of branches: making and listing. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { createBranchRequest, createdBranch, promoteBranchRequest, schemaDiff } from "../schemas/branch.ts";
import { databaseInfo, databaseRef, reference } from "../schemas/database.ts";
import { accepted } from "../schemas/operation.ts";
import { flag } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

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
  replacingRoutes(app, services, caller);
}

function replacingRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/branch/reset", {
    schema: {
      tags,
      operationId: "resetBranch",
      summary: "Put a branch to what its parent holds now",
      description: "What was changed in the branch is lost. Its id, URLs, password and tokens stay.",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: accepted(400, 401, 404, 409, 507),
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      reply.code(202);
      return services.branches.reset(principalOf(request), request.params);
    },
  });

  app.post("/v1/databases/:ref/branch/promote", {
    schema: {
      tags,
      operationId: "promoteBranch",
      summary: "Put a branch's data in the place of its parent's",
      description:
        "The parent keeps its id, URLs, password and tokens, and its old data as a backup. The branch stays as it is.",
      security: security.account,
      params: databaseRef,
      body: promoteBranchRequest,
      response: accepted(400, 401, 403, 404, 409, 507),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return services.branches.promote(accountOf(request), { ...request.params, ...request.body });
    },
  });

  app.get("/v1/databases/:ref/schema-diff", {
    schema: {
      tags,
      operationId: "compareSchemas",
      summary: "Compare a database's schema with its parent's, or another's",
      description: "Answers what has to change in the base so that it is this database.",
      security: security.account,
      params: databaseRef,
      querystring: z.object({ base: reference.optional().describe("Instead of the parent.") }),
      response: { 200: json("The differences.", schemaDiff), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: (request) =>
      services.branches.compare(accountOf(request), { ...request.params, ...request.query }),
  });
}
