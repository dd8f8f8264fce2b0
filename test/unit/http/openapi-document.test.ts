import { describe, expect, test } from "vitest";
import { openapiDocument } from "../../../src/http/openapi-document.ts";

interface Operation {
  summary?: string;
  operationId?: string;
  tags?: string[];
  security?: Record<string, unknown>[];
  parameters?: { name: string; in: string; schema?: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
}

const document = (await openapiDocument("1.2.3")) as unknown as {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: object };
};
const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method} ${path}`,
    path,
    method,
    operation,
  })),
);

/** Routes that take nothing but their path. */
const bodiless = new Set([
  "post /v1/instances/{ref}/check",
  "post /v1/databases/{ref}/sessions/{pid}/cancel",
  "post /v1/databases/{ref}/sessions/{pid}/end",
  "post /v1/db/{id}/requests/{request}/commit",
  "post /v1/db/{id}/requests/{request}/rollback",
  "post /console/session/lock",
  "post /console/session/unlock",
  "post /v1/console/links",
  "post /v1/operations/{id}/cancel",
  "post /v1/projects/{project}/envs/{environment}/restart",
  "post /v1/uploads",
  "post /v1/databases/{ref}/branch/reset",
  "post /v1/databases/{ref}/pause",
  "post /v1/databases/{ref}/resume",
  "post /v1/backups/{id}/verify",
  "post /v1/logout",
  "post /v1/databases/{ref}/undelete",
]);

describe("the OpenAPI document", () => {
  test("is OpenAPI 3.1 with Postern's version", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(document.info.version).toBe("1.2.3");
  });

  test("has every route of the contract", () => {
    expect(routes.map((route) => route.name).sort()).toEqual(
      [
        "get /v1/control-planes",
        "get /v1/gateways",
        "get /v1/gateway-tokens",
        "post /v1/gateway-tokens",
        "delete /v1/gateway-tokens/{ref}",
        "get /admin/managed-db/instances",
        "get /admin/managed-db/instances/{id}",
        "post /admin/managed-db/instances",
        "delete /v1/instances/{ref}",
        "post /v1/instances/{ref}/check",
        "post /v1/instances/{ref}/drain",
        "delete /console/session",
        "delete /console/sessions/{id}",
        "delete /projects/{id}/envs/{env}/db/managed",
        "delete /projects/{id}/envs/{env}/db/snapshots/{sid}",
        "delete /v1/backups/{id}",
        "delete /v1/databases/{ref}",
        "delete /v1/databases/{ref}/client-access",
        "delete /v1/databases/{ref}/point-in-time",
        "delete /v1/databases/{ref}/state/tables",
        "delete /v1/databases/{ref}/tokens/{token}",
        "delete /v1/projects/{project}",
        "delete /v1/projects/{project}/envs/{environment}",
        "get /console/session",
        "get /console/sessions",
        "get /healthz",
        "get /metrics",
        "get /openapi.json",
        "get /projects/{id}/envs/{env}/db/backup-status",
        "get /projects/{id}/envs/{env}/db/managed",
        "get /projects/{id}/envs/{env}/db/snapshots",
        "get /projects/{id}/envs/{env}/db/snapshots/{sid}",
        "get /projects/{id}/envs/{env}/db/snapshots/{sid}/download",
        "get /v1/audit",
        "get /v1/backups/{id}",
        "get /v1/backups/{id}/download",
        "get /v1/backups/{id}/download-url",
        "get /v1/backups/{id}/file",
        "get /v1/databases",
        "get /v1/databases/{ref}",
        "get /v1/databases/{ref}/activity",
        "get /v1/databases/{ref}/backup-policy",
        "get /v1/databases/{ref}/backup-status",
        "get /v1/databases/{ref}/backups",
        "get /v1/databases/{ref}/branches",
        "get /v1/databases/{ref}/catalog",
        "get /v1/databases/{ref}/catalog/ddl",
        "get /v1/databases/{ref}/catalog/table",
        "get /v1/databases/{ref}/client-access",
        "get /v1/databases/{ref}/migrations",
        "get /v1/databases/{ref}/n-plus-one",
        "get /v1/databases/{ref}/point-in-time",
        "get /v1/databases/{ref}/schema-diff",
        "get /v1/databases/{ref}/state/blame",
        "get /v1/databases/{ref}/state/history",
        "get /v1/databases/{ref}/state/requests/{request}",
        "get /v1/databases/{ref}/state/tables",
        "get /v1/databases/{ref}/advice",
        "get /v1/databases/{ref}/restored",
        "get /v1/databases/{ref}/metrics",
        "get /v1/databases/{ref}/sessions",
        "get /v1/databases/{ref}/sessions/events",
        "get /v1/databases/{ref}/statement-trends",
        "get /v1/databases/{ref}/statements",
        "post /v1/databases/{ref}/sessions/{pid}/cancel",
        "post /v1/databases/{ref}/sessions/{pid}/end",
        "get /v1/databases/{ref}/statements/{fingerprint}",
        "get /v1/databases/{ref}/tokens",
        "get /v1/databases/{ref}/traces",
        "get /v1/databases/{ref}/traces/{request_id}",
        "get /v1/databases/{ref}/urls",
        "get /v1/db/{id}/state/blame",
        "get /v1/db/{id}/state/history",
        "get /v1/db/{id}/state/requests/{request}",
        "get /v1/live",
        "get /v1/operations",
        "get /v1/operations/{id}",
        "get /v1/operations/{id}/events",
        "get /v1/operations/events",
        "get /v1/projects",
        "get /v1/projects/{project}",
        "get /v1/projects/{project}/envs",
        "get /v1/projects/{project}/envs/{environment}",
        "get /v1/projects/{project}/envs/{environment}/releases",
        "get /v1/projects/{project}/envs/{environment}/releases/{number}/log",
        "get /v1/projects/{project}/envs/{environment}/services",
        "get /v1/projects/{project}/envs/{environment}/services/{service}/logs",
        "get /v1/projects/{project}/envs/{environment}/services/{service}/values",
        "get /v1/status",
        "get /v1/whoami",
        "post /console/session",
        "post /console/session/lock",
        "post /console/session/unlock",
        "post /projects/{id}/envs/{env}/db/managed/rotate",
        "post /projects/{id}/envs/{env}/db/managed/scale",
        "post /projects/{id}/envs/{env}/db/restore",
        "post /projects/{id}/envs/{env}/db/snapshots",
        "post /v1/accounts",
        "post /v1/apply",
        "post /v1/backups/{id}/verify",
        "post /v1/console/links",
        "post /v1/databases",
        "post /v1/databases/{ref}/backups",
        "post /v1/databases/{ref}/branch/promote",
        "post /v1/databases/{ref}/branch/reset",
        "post /v1/databases/{ref}/branches",
        "post /v1/databases/{ref}/migrations",
        "post /v1/databases/{ref}/migrations/rehearse",
        "post /v1/databases/{ref}/migrations/status",
        "post /v1/databases/{ref}/pause",
        "post /v1/databases/{ref}/promote",
        "post /v1/databases/{ref}/reset",
        "post /v1/databases/{ref}/reset-password",
        "post /v1/databases/{ref}/restore",
        "post /v1/databases/{ref}/restore-to-time",
        "post /v1/databases/{ref}/resume",
        "post /v1/databases/{ref}/rls/test",
        "post /v1/databases/{ref}/rotate-credentials",
        "post /v1/databases/{ref}/rows",
        "post /v1/databases/{ref}/rows/cell",
        "post /v1/databases/{ref}/rows/count",
        "post /v1/databases/{ref}/rows/edit",
        "post /v1/databases/{ref}/rows/export",
        "post /v1/databases/{ref}/rows/preview",
        "post /v1/databases/{ref}/scale",
        "post /v1/databases/{ref}/state/restore",
        "post /v1/databases/{ref}/tokens",
        "post /v1/databases/{ref}/undelete",
        "post /v1/databases/{ref}/upgrade",
        "post /v1/databases/{ref}/wipe",
        "post /v1/db/{id}/execute",
        "post /v1/db/{id}/query",
        "post /v1/db/{id}/records",
        "post /v1/db/{id}/requests",
        "post /v1/db/{id}/requests/{request}/commit",
        "post /v1/db/{id}/requests/{request}/query",
        "post /v1/db/{id}/requests/{request}/records",
        "post /v1/db/{id}/requests/{request}/rollback",
        "post /v1/db/{id}/transaction",
        "post /v1/login",
        "post /v1/logout",
        "post /v1/operations/{id}/cancel",
        "post /v1/projects",
        "post /v1/projects/{project}/envs/{environment}/releases",
        "post /v1/projects/{project}/envs/{environment}/restart",
        "post /v1/projects/{project}/envs/{environment}/rollback",
        "post /v1/servers/{ref}/recover",
        "post /v1/uploads",
        "put /v1/databases/{ref}/backup-policy",
        "put /v1/databases/{ref}/client-access",
        "put /v1/databases/{ref}/pause",
        "put /v1/databases/{ref}/point-in-time",
        "put /v1/databases/{ref}/state/tables",
        "put /v1/projects/{project}/envs/{environment}",
      ].sort(),
    );
  });

  test.each(routes)("$name has a summary, a tag and an id of its own", ({ operation }) => {
    expect(operation.summary).toMatch(/^[A-Z]/);
    expect(operation.tags).toHaveLength(1);
    expect(routes.filter((route) => route.operation.operationId === operation.operationId)).toHaveLength(1);
  });

  test.each(routes)("$name says which credentials it takes", ({ operation }) => {
    expect(operation.security).toBeInstanceOf(Array);
    const needsSome = operation.security!.length > 0;
    expect("401" in operation.responses || !needsSome).toBe(true);
  });

  test.each(routes)("$name describes each part of its path", ({ path, operation }) => {
    for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
      expect(operation.parameters?.find((parameter) => parameter.name === name)?.schema).toBeDefined();
    }
  });

  test.each(routes.filter((route) => route.method === "post" && !bodiless.has(route.name)))(
    "$name describes its body",
    ({ operation }) => {
      expect(operation.requestBody?.content["application/json"]?.schema).toMatchObject({
        type: "object",
        additionalProperties: false,
      });
    },
  );

  test.each(routes)("$name describes its answer", ({ name, operation }) => {
    const [status] = Object.keys(operation.responses);
    const answer = operation.responses[status!]!;
    expect(status).toMatch(/^20[0124]$/);
    expect(answer.description).toMatch(/^[A-Z].*\.$/);
    if (status === "204") return;
    const schemas = Object.values(answer.content ?? {}).map((content) => content.schema);
    // The one whose rows can be asked for as lines, too.
    expect(schemas, name).toHaveLength(name === "post /v1/db/{id}/query" ? 2 : 1);
    for (const schema of schemas) expect(Object.keys(schema ?? {})).not.toHaveLength(0);
  });

  test.each(routes)("$name describes its errors with the one error body", ({ operation }) => {
    const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
    expect(errors.map(([status]) => status)).toContain("500");
    for (const [, answer] of errors) {
      expect(answer.content?.["application/json"]?.schema).toEqual({ $ref: "#/components/schemas/Error" });
    }
  });

  test("refers to no schema that it lacks, and has none that nothing refers to", () => {
    const text = JSON.stringify(document);
    const named = new Set([...text.matchAll(/#\/components\/schemas\/([^"]+)/g)].map(([, name]) => name!));
    expect([...named].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });
});
