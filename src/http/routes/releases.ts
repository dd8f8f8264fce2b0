/** In charge of the routes of releases: uploads, deploys, rollbacks, services and their logs. */
import type { Readable } from "node:stream";
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { operationInfo } from "../schemas/operation.ts";
import { environmentRef, projectRef } from "../schemas/project.ts";
import { flag } from "../schemas/query-string.ts";
import {
  deployRequest,
  environmentServiceRef,
  logPart,
  logQuery,
  releaseInfo,
  releaseRef,
  rollbackRequest,
  runningService,
  startedRelease,
  uploadInfo,
} from "../schemas/release.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Releases"];
const place = "/v1/projects/:project/envs/:environment";
type Releases = Pick<HttpServices, "releases">;

export function releaseRoutes(app: HttpApp, services: Releases, caller: AuthenticationHooks): void {
  app.register(async (uploads) => uploadRoute(uploads as HttpApp, services, caller));
  deployRoutes(app, services, caller);
  serviceRoutes(app, services, caller);
  destroyRoutes(app, services, caller);
}

function destroyRoutes(app: HttpApp, { releases }: Releases, caller: AuthenticationHooks): void {
  const querystring = z.object({
    skip_snapshot: flag.describe("Keep no last backups: the databases cannot be brought back."),
    with_branches: flag.describe("The databases' branches too, without last backups."),
  });
  const wishes = ({ skip_snapshot, with_branches }: z.infer<typeof querystring>) => ({
    skipSnapshot: skip_snapshot === "true",
    withBranches: with_branches === "true",
  });
  const response = {
    202: json("The operation: services stop first, then databases are destroyed.", operationInfo),
    ...errors(400, 401, 403, 404, 409),
  };
  app.delete(place, {
    schema: {
      tags: ["Projects"],
      operationId: "destroyEnvironment",
      summary: "Destroy an environment: its services, its databases, its releases",
      security: security.account,
      params: environmentRef,
      querystring,
      response,
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return releases.destroy(accountOf(request), { ...request.params, ...wishes(request.query) });
    },
  });
  app.delete("/v1/projects/:project", {
    schema: {
      tags: ["Projects"],
      operationId: "destroyProject",
      summary: "Destroy a project with all of its environments",
      security: security.account,
      params: projectRef,
      querystring,
      response,
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return releases.destroy(accountOf(request), { ...request.params, ...wishes(request.query) });
    },
  });
}

function uploadRoute(app: HttpApp, { releases }: Releases, caller: AuthenticationHooks): void {
  // Not read into memory: it goes to a file as it comes, which counts.
  app.addContentTypeParser("application/gzip", (_request, payload, done) => done(null, payload));
  app.post("/v1/uploads", {
    schema: {
      tags,
      operationId: "uploadFolder",
      summary: "Send a project's folder: tar and gzip, `content-type: application/gzip`",
      security: security.account,
      response: { 201: json("Kept for a day.", uploadInfo), ...errors(400, 401, 403, 413, 507) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(201);
      return releases.upload(accountOf(request), request.body as Readable);
    },
  });
}

function deployRoutes(app: HttpApp, { releases }: Releases, caller: AuthenticationHooks): void {
  app.get(`${place}/releases`, {
    schema: {
      tags,
      operationId: "listReleases",
      summary: "List an environment's releases, newest first",
      security: security.account,
      params: environmentRef,
      response: { 200: json("The last hundred.", z.array(releaseInfo)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => releases.list(accountOf(request), request.params),
  });

  app.post(`${place}/releases`, {
    schema: {
      tags,
      operationId: "deployRelease",
      summary: "Deploy: build, apply the schema, start, and switch once all services are healthy",
      description: "What served before serves on until the switch, and afterwards when a step fails.",
      security: security.account,
      params: environmentRef,
      body: deployRequest,
      response: { 202: json("Accepted.", startedRelease), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return releases.deploy(accountOf(request), { ...request.params, ...request.body });
    },
  });

  app.post(`${place}/rollback`, {
    schema: {
      tags,
      operationId: "rollBack",
      summary: "Run the rollback commands of what serves, and put the release before it back",
      security: security.account,
      params: environmentRef,
      body: rollbackRequest,
      response: { 202: json("Accepted.", startedRelease), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return releases.rollBack(accountOf(request), { ...request.params, ...request.body });
    },
  });

  app.post(`${place}/restart`, {
    schema: {
      tags,
      operationId: "restartServices",
      summary: "Start an environment's services anew, with the variables of now",
      security: security.account,
      params: environmentRef,
      response: { 202: json("Accepted.", startedRelease), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return releases.restart(accountOf(request), request.params);
    },
  });
}

function serviceRoutes(app: HttpApp, { releases }: Releases, caller: AuthenticationHooks): void {
  app.get(`${place}/services`, {
    schema: {
      tags,
      operationId: "listServices",
      summary: "Show the services that run in an environment",
      security: security.account,
      params: environmentRef,
      response: { 200: json("By name.", z.array(runningService)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => releases.listServices(accountOf(request), request.params),
  });

  app.get(`${place}/services/:service/logs`, {
    schema: {
      tags,
      operationId: "readServiceLog",
      summary: "Read what a service wrote",
      security: security.account,
      params: environmentServiceRef,
      querystring: logQuery,
      response: { 200: json("At most 256 KiB of it.", logPart), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => {
      const { service, ...params } = request.params;
      return releases.readLog(accountOf(request), { ...params, ...request.query, source: { service } });
    },
  });

  app.get(`${place}/releases/:number/log`, {
    schema: {
      tags,
      operationId: "readDeployLog",
      summary: "Read what the steps of a deploy wrote",
      security: security.account,
      params: releaseRef,
      querystring: logQuery,
      response: { 200: json("At most 256 KiB of it.", logPart), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => {
      const { number, ...params } = request.params;
      return releases.readLog(accountOf(request), {
        ...params,
        ...request.query,
        source: { release: number },
      });
    },
  });
}
