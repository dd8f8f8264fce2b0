/** In charge of the routes that look into a database: its tables, their rows, and changes to rows that a person has put together. */
import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { Observe } from "../../base/observation.ts";
import { type AuthenticationHooks, principalOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import type { HttpApp } from "../http-app.ts";
import {
  catalog,
  cellRequest,
  cellValue,
  rowCount,
  rowEditPreview,
  rowEditRequest,
  rowEditResult,
  rowExportRequest,
  rowPage,
  rowPageRequest,
  rowSelection,
  schemaDdl,
  tableDetail,
} from "../schemas/browse.ts";
import { databaseRef } from "../schemas/database.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { describeError } from "../send-error.ts";
import type { HttpServices } from "../services/http-services.ts";
import { ResponseSink } from "../stream-answer.ts";

const tags = ["Data"];
const failures = errors(400, 401, 403, 404, 409, 413, 503, 504, 507);

export function browseRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  observe: Observe,
): void {
  catalogRoutes(app, services, caller);
  rowRoutes(app, services, caller);
  exportRoute(app, services, caller, observe);
  editRoutes(app, services, caller);
}

const optionsOf = (request: FastifyRequest) => ({ signal: departureOf(request) });

function catalogRoutes(app: HttpApp, { browse }: HttpServices, caller: AuthenticationHooks): void {
  const shared = { tags, security: security.accountOrDatabase, params: databaseRef };
  const onRequest = caller.accountOrReader;
  app.get("/v1/databases/:ref/catalog", {
    schema: {
      ...shared,
      operationId: "getCatalog",
      summary: "Describe all tables: columns, keys, sizes, and what leads where",
      response: { 200: json("The tables.", catalog), ...failures },
    },
    onRequest,
    handler: (request) => browse.catalog(principalOf(request), request.params, optionsOf(request)),
  });

  app.get("/v1/databases/:ref/catalog/table", {
    schema: {
      ...shared,
      operationId: "getTableDetail",
      summary: "Describe what belongs to one table, with the SQL that makes it",
      querystring: z.object({ schema: z.string().max(255), name: z.string().max(255) }),
      response: { 200: json("It.", tableDetail), ...failures },
    },
    onRequest,
    handler: (request) => browse.table(principalOf(request), { ...request.params, ...request.query }),
  });

  app.get("/v1/databases/:ref/catalog/ddl", {
    schema: {
      ...shared,
      operationId: "getSchemaDdl",
      summary: "Write the statements that make the whole schema",
      response: { 200: json("SQL.", schemaDdl), ...failures },
    },
    onRequest,
    handler: (request) => browse.ddl(principalOf(request), request.params),
  });
}

function rowRoutes(app: HttpApp, { browse }: HttpServices, caller: AuthenticationHooks): void {
  const shared = { tags, security: security.accountOrDatabase, params: databaseRef };
  const onRequest = caller.accountOrReader;
  app.post("/v1/databases/:ref/rows", {
    schema: {
      ...shared,
      operationId: "browseRows",
      summary: "Read a page of a table's rows, as texts",
      description:
        "Pages follow each other by key, however far they go; `offset` is there to jump. Nothing can be changed by it. With `as`, row security is what a client of the database meets.",
      body: rowPageRequest,
      response: { 200: json("The page.", rowPage), ...failures },
    },
    onRequest,
    handler: (request) =>
      browse.rows(principalOf(request), { ...request.params, ...request.body }, optionsOf(request)),
  });

  app.post("/v1/databases/:ref/rows/count", {
    schema: {
      ...shared,
      operationId: "countRows",
      summary: "Count rows, exactly where that takes no more than two seconds",
      body: rowSelection,
      response: { 200: json("How many.", rowCount), ...failures },
    },
    onRequest,
    handler: (request) =>
      browse.count(principalOf(request), { ...request.params, ...request.body }, optionsOf(request)),
  });

  app.post("/v1/databases/:ref/rows/cell", {
    schema: {
      ...shared,
      operationId: "readCell",
      summary: "Read one value whole, up to 4 million characters",
      body: cellRequest,
      response: { 200: json("It.", cellValue), ...failures },
    },
    onRequest,
    handler: (request) =>
      browse.cell(principalOf(request), { ...request.params, ...request.body }, optionsOf(request)),
  });
}

const types = {
  csv: "text/csv; charset=utf-8; header=present",
  ndjson: "application/x-ndjson; charset=utf-8",
};

function exportRoute(
  app: HttpApp,
  { browse }: HttpServices,
  caller: AuthenticationHooks,
  observe: Observe,
): void {
  app.post("/v1/databases/:ref/rows/export", {
    schema: {
      tags,
      operationId: "exportRows",
      summary: "Write all rows of a selection as CSV or as a JSON object a line",
      description:
        "Rows leave as they come, however many there are. The connection breaks where they cannot all be sent.",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: rowExportRequest,
      response: {
        200: { description: "The file.", content: { "text/csv": { schema: z.string() } } },
        ...failures,
      },
    },
    onRequest: caller.accountOrReader,
    handler: async (request, reply) => {
      const { body, params } = request;
      const sink = new ResponseSink(reply.raw, () => {
        reply.header("content-type", types[body.format]);
        reply.hijack();
        return reply.getHeaders() as OutgoingHttpHeaders;
      });
      try {
        await browse.export(principalOf(request), { ...params, ...body }, sink, optionsOf(request));
        sink.write(Buffer.alloc(0));
        sink.end();
      } catch (error) {
        if (!sink.isStarted) throw error;
        describeError(error, request, observe);
        // A file that ends too early must not look whole.
        reply.raw.destroy();
      }
    },
  });
}

function editRoutes(app: HttpApp, { browse }: HttpServices, caller: AuthenticationHooks): void {
  const shared = { tags, security: security.accountOrDatabase, params: databaseRef, body: rowEditRequest };
  app.post("/v1/databases/:ref/rows/preview", {
    schema: {
      ...shared,
      operationId: "previewRowEdits",
      summary: "Show changes to rows as SQL, and run nothing",
      response: { 200: json("The statements.", rowEditPreview), ...failures },
    },
    onRequest: caller.accountOrReader,
    handler: (request) => browse.preview(principalOf(request), { ...request.params, ...request.body }),
  });

  app.post("/v1/databases/:ref/rows/edit", {
    schema: {
      ...shared,
      operationId: "editRows",
      summary: "Change rows in one transaction, in the log of changes",
      description:
        "Each change must meet exactly one row, and one that is as it was; else nothing is written.",
      response: { 200: json("What was written.", rowEditResult), ...failures },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) =>
      browse.edit(
        principalOf(request),
        { ...request.params, ...request.body },
        { ...optionsOf(request), requestId: request.id },
      ),
  });
}
