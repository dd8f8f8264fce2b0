/** In charge of the routes of projects and environments. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import {
  applyRequest,
  applyResult,
  createProjectRequest,
  environmentInfo,
  environmentRef,
  environmentRequest,
  managedValues,
  projectInfo,
  projectRef,
  serviceRef,
} from "../schemas/project.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Projects"];

export function projectRoutes(app: HttpApp, { projects }: HttpServices, caller: AuthenticationHooks): void {
  app.get("/v1/projects", {
    schema: {
      tags,
      operationId: "listProjects",
      summary: "List projects, newest first",
      security: security.account,
      response: {
        200: json("One's own; all of them for an administrator.", z.array(projectInfo)),
        ...errors(401, 403),
      },
    },
    onRequest: caller.account,
    handler: (request) => projects.list(accountOf(request)),
  });

  app.post("/v1/projects", {
    schema: {
      tags,
      operationId: "createProject",
      summary: "Make a project",
      security: security.account,
      body: createProjectRequest,
      response: { 201: json("The project.", projectInfo), ...errors(400, 401, 403, 409) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const created = await projects.create(accountOf(request), request.body);
      return reply.code(201).send(created);
    },
  });

  app.get("/v1/projects/:project", {
    schema: {
      tags,
      operationId: "getProject",
      summary: "Show a project",
      security: security.account,
      params: projectRef,
      response: { 200: json("The project.", projectInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => projects.describe(accountOf(request), request.params),
  });
  environmentRoutes(app, { projects }, caller);
  applyRoute(app, { projects }, caller);
}

type Projects = Pick<HttpServices, "projects">;

function environmentRoutes(app: HttpApp, { projects }: Projects, caller: AuthenticationHooks): void {
  app.get("/v1/projects/:project/envs", {
    schema: {
      tags,
      operationId: "listEnvironments",
      summary: "List a project's environments",
      security: security.account,
      params: projectRef,
      response: { 200: json("By name.", z.array(environmentInfo)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => projects.listEnvironments(accountOf(request), request.params),
  });

  app.get("/v1/projects/:project/envs/:environment", {
    schema: {
      tags,
      operationId: "getEnvironment",
      summary: "Show an environment and the databases of its services",
      security: security.account,
      params: environmentRef,
      response: { 200: json("The environment.", environmentInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => projects.describeEnvironment(accountOf(request), request.params),
  });

  app.put("/v1/projects/:project/envs/:environment", {
    schema: {
      tags,
      operationId: "saveEnvironment",
      summary: "Make an environment, or change whether it is protected",
      security: security.account,
      params: environmentRef,
      body: environmentRequest,
      response: { 200: json("The environment.", environmentInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) =>
      projects.saveEnvironment(accountOf(request), { ...request.params, ...request.body }),
  });

  app.get("/v1/projects/:project/envs/:environment/services/:service/values", {
    schema: {
      tags,
      operationId: "getManagedValues",
      summary: "Show what `${managed.<service>.<field>}` stands for, with its secrets",
      security: security.account,
      params: serviceRef,
      response: { 200: json("Its values.", managedValues), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: (request) => projects.readValues(accountOf(request), request.params),
  });
}

function applyRoute(app: HttpApp, { projects }: Projects, caller: AuthenticationHooks): void {
  app.post("/v1/apply", {
    schema: {
      tags,
      operationId: "applyManifest",
      summary: "Bring an environment's databases in line with a manifest",
      description:
        "Makes what is missing, once for each environment, and changes what the manifest changed since it was last applied. Nothing is destroyed. The work that it begins is in `operations`; applying again goes on where it was cut off.",
      security: security.account,
      body: applyRequest,
      response: {
        200: json("What was begun, or with `plan` what would be.", applyResult),
        ...errors(400, 401, 403, 404, 409, 503, 507),
      },
    },
    onRequest: caller.account,
    handler: (request) => projects.apply(accountOf(request), request.body),
  });
}
