/** In charge of the routes of the log of changes: questions at the database's own host as well, for its tokens. */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { DatabasePrincipal } from "../../access/principal.ts";
import { posternError } from "../../base/error.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { askerOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef } from "../schemas/database.ts";
import { dataPlaneParams } from "../schemas/query.ts";
import { errors, json, security } from "../schemas/respond.ts";
import {
  blameQuery,
  historyQuery,
  requestMutations,
  restoredRow,
  restoreRowRequest,
  stateBlame,
  stateHistory,
  trackedTable,
  trackRequest,
} from "../schemas/state.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Records"];
const failures = errors(400, 401, 403, 404, 409, 503, 504);
const path = "/v1/databases/:ref/state";
const ownPath = "/v1/db/:id/state";

const shapes = {
  history: {
    summary: "List the changes of a row, or of a table",
    querystring: historyQuery,
    response: { 200: json("The changes.", stateHistory), ...failures },
  },
  blame: {
    summary: "Show who last wrote each column of a row",
    querystring: blameQuery,
    response: { 200: json("Column by column.", stateBlame), ...failures },
  },
  request: {
    summary: "List all that one request changed, across tables",
    response: { 200: json("The changes.", requestMutations), ...failures },
  },
};
const requestName = z.string().min(1).max(128).describe("Its id, or the beginning of one that Postern made.");

export function stateRoutes(app: HttpApp, { state }: HttpServices, caller: AuthenticationHooks): void {
  const common = { tags, security: security.accountOrDatabase };
  app.get(`${path}/history`, {
    schema: { ...common, ...shapes.history, operationId: "getHistory", params: databaseRef },
    onRequest: caller.accountOrReader,
    handler: (request) => state.history(principalOf(request), { ...request.params, ...request.query }),
  });
  app.get(`${path}/blame`, {
    schema: { ...common, ...shapes.blame, operationId: "getBlame", params: databaseRef },
    onRequest: caller.accountOrReader,
    handler: (request) => state.blame(principalOf(request), { ...request.params, ...request.query }),
  });
  app.get(`${path}/requests/:request`, {
    schema: {
      ...common,
      ...shapes.request,
      operationId: "getRequestChanges",
      params: databaseRef.extend({ request: requestName }),
    },
    onRequest: caller.accountOrReader,
    handler: (request) => state.request(principalOf(request), request.params),
  });
  changeRoutes(app, { state }, caller);
}

function changeRoutes(
  app: HttpApp,
  { state }: Pick<HttpServices, "state">,
  caller: AuthenticationHooks,
): void {
  const common = { tags, security: security.accountOrDatabase, params: databaseRef };
  app.get(`${path}/tables`, {
    schema: {
      ...common,
      operationId: "listTrackedTables",
      summary: "List the tables whose changes are logged",
      response: { 200: json("The tables.", z.array(trackedTable)), ...failures },
    },
    onRequest: caller.accountOrReader,
    handler: (request) => state.listTracked(principalOf(request), request.params),
  });
  app.put(`${path}/tables`, {
    schema: {
      ...common,
      operationId: "trackTable",
      summary: "Log the changes of a table whatever way they come in",
      description:
        "It waits for transactions that write to the table, and writers wait for it, three seconds at most.",
      body: trackRequest,
      response: { 200: json("As it is from now on.", trackedTable), ...failures },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => state.track(principalOf(request), { ...request.params, ...request.body }),
  });
  app.delete(`${path}/tables`, {
    schema: {
      ...common,
      operationId: "untrackTable",
      summary: "Log only the changes of a table that come through /records",
      description: "What is recorded stays.",
      querystring: z.object({ table: z.string().min(1) }),
      response: { 200: json("As it is from now on.", trackedTable), ...failures },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => state.untrack(principalOf(request), { ...request.params, ...request.query }),
  });
  app.post(`${path}/restore`, {
    schema: {
      ...common,
      operationId: "restoreRow",
      summary: "Bring a row back to what it was at a moment",
      body: restoreRowRequest,
      response: { 200: json("What changes, or has changed.", restoredRow), ...failures },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) =>
      state.restore(principalOf(request), { ...request.params, ...request.body }, request.id),
  });
}

/** The same questions of the data plane, by the database's own tokens. */
export function ownStateRoutes(app: HttpApp, { state }: HttpServices, caller: AuthenticationHooks): void {
  const common = { tags, security: security.database };
  const refOf = ({ params }: { params: { id: string } }) => ({ ref: params.id });
  app.get(`${ownPath}/history`, {
    schema: { ...common, ...shapes.history, operationId: "history", params: dataPlaneParams },
    onRequest: caller.database,
    handler: (request) => state.history(ownerOf(request), { ...refOf(request), ...request.query }),
  });
  app.get(`${ownPath}/blame`, {
    schema: { ...common, ...shapes.blame, operationId: "blame", params: dataPlaneParams },
    onRequest: caller.database,
    handler: (request) => state.blame(ownerOf(request), { ...refOf(request), ...request.query }),
  });
  app.get(`${ownPath}/requests/:request`, {
    schema: {
      ...common,
      ...shapes.request,
      operationId: "requestChanges",
      params: dataPlaneParams.extend({ request: requestName }),
    },
    onRequest: caller.database,
    handler: (request) => {
      const { id, request: name } = request.params as { id: string; request: string };
      return state.request(ownerOf(request), { ref: id, request: name });
    },
  });
}

/** The log knows everybody's rows: it is no user's to read. @throws Y2003 */
function ownerOf(request: FastifyRequest): DatabasePrincipal {
  const asker = askerOf(request);
  if (asker.kind === "database") return asker;
  throw posternError("Y2003", "The log of changes is read with a token of the database's own.");
}
