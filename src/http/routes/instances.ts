/** In charge of the routes of registered instances, for administrators. */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { posternError } from "../../base/error.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { reference } from "../schemas/database.ts";
import { deregisteredInstance, registeredInstance, registerInstanceRequest } from "../schemas/instance.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";
import type { InstanceService } from "../services/instance-services.ts";

const root = "/admin/managed-db/instances";
const tags = ["Instances"];
const answer = json("The instance.", registeredInstance);
const ref = reference.describe("Id or name of a registered instance.");

export function instanceRoutes(app: HttpApp, { instances }: HttpServices, caller: AuthenticationHooks): void {
  // Before the body is read: who may not register is told nothing of it.
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    await caller.account(request);
    if (accountOf(request).role === "admin") return;
    throw posternError("Y2003", "Instances are the affair of administrators.");
  };
  listing(app, instances, onRequest);
  caring(app, instances, onRequest);
}

type Hook = (request: FastifyRequest) => Promise<void>;

function listing(app: HttpApp, instances: InstanceService, onRequest: Hook): void {
  app.get(root, {
    schema: {
      tags,
      security: security.account,
      operationId: "listInstances",
      summary: "List registered instances",
      response: { 200: json("The instances.", z.array(registeredInstance)), ...errors(401, 403) },
    },
    onRequest,
    handler: () => instances.list(),
  });

  app.post(root, {
    schema: {
      tags,
      security: security.account,
      operationId: "registerInstance",
      summary: "Register a Postgres server that somebody else runs",
      description:
        "Checked and made ready before it is written down. The password of its URL is kept sealed and told to nobody.",
      body: registerInstanceRequest,
      response: { 201: answer, ...errors(400, 401, 403, 409, 503) },
    },
    onRequest,
    handler: async (request, reply) => {
      reply.code(201);
      return instances.register(request.body);
    },
  });

  app.get(`${root}/:id`, {
    schema: {
      tags,
      security: security.account,
      operationId: "getInstance",
      summary: "Show a registered instance",
      params: z.object({ id: ref }),
      response: { 200: answer, ...errors(401, 403, 404) },
    },
    onRequest,
    handler: (request) => instances.describe(request.params.id),
  });
}

function caring(app: HttpApp, instances: InstanceService, onRequest: Hook): void {
  app.post("/v1/instances/:ref/drain", {
    schema: {
      tags,
      security: security.account,
      operationId: "drainInstance",
      summary: "Place nothing new on a registered instance, or place there again",
      params: z.object({ ref }),
      body: z.strictObject({ draining: z.boolean().default(true) }),
      response: { 200: answer, ...errors(400, 401, 403, 404) },
    },
    onRequest,
    handler: (request) => instances.drain(request.params.ref, request.body.draining),
  });

  app.post("/v1/instances/:ref/check", {
    schema: {
      tags,
      security: security.account,
      operationId: "checkInstance",
      summary: "Look at a registered instance now",
      params: z.object({ ref }),
      response: { 200: answer, ...errors(401, 403, 404) },
    },
    onRequest,
    handler: (request) => instances.check(request.params.ref),
  });

  app.delete("/v1/instances/:ref", {
    schema: {
      tags,
      security: security.account,
      operationId: "deregisterInstance",
      summary: "Take everything of Postern's off a registered instance and forget it",
      description: "Refused while databases are on it.",
      params: z.object({ ref }),
      querystring: z.object({
        force: z
          .stringbool()
          .default(false)
          .describe("Also when it does not answer: what Postern made there stays."),
      }),
      response: {
        200: json("What was forgotten.", deregisteredInstance),
        ...errors(401, 403, 404, 409, 503),
      },
    },
    onRequest,
    handler: (request) => instances.deregister(request.params.ref, request.query),
  });
}
