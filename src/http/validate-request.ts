/** In charge of checking what a request carries against the schema of its route, and of saying plainly what is wrong. */
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { posternError } from "../base/error.ts";

type Issue = z.core.$ZodIssue;

/** One schema gives the check, the type and the OpenAPI document. A body that is absent counts as an empty object. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const given = data ?? {};
    const result = schema.safeParse(given);
    return result.success ? { value: result.data } : { error: invalidRequest(result.error, given, httpPart) };
  };

function invalidRequest(error: z.ZodError, data: unknown, httpPart: string | undefined): Error {
  const subject = httpPart === "querystring" ? "Query parameter " : "";
  const [first, ...others] = error.issues.map((issue) => subject + describeIssue(issue, data));
  return posternError("Y1001", first!, { detail: others.length > 0 ? others.join(" ") : undefined });
}

function describeIssue(issue: Issue, data: unknown): string {
  if (issue.code === "unrecognized_keys") {
    const where = issue.path.length > 0 ? ` in "${pathText(issue.path)}"` : "";
    return `Unknown field ${issue.keys.map((key) => `"${key}"`).join(", ")}${where}.`;
  }
  if (issue.path.length === 0) return "The body must be a JSON object.";
  const field = `"${pathText(issue.path)}"`;
  if (issue.code === "invalid_type") {
    if (valueAt(data, issue.path) === undefined) return `${field} is missing.`;
    return `${field} must be ${withArticle(issue.expected)}.`;
  }
  if (issue.code === "invalid_value") return `${field} must be ${issue.values.map(String).join(" or ")}.`;
  return `${field}: ${issue.message}.`;
}

/** `statements[2].sql` */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : (index > 0 ? "." : "") + String(key)))
    .join("");
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = data;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

const withArticle = (noun: string): string => `${/^[aeio]/.test(noun) ? "an" : "a"} ${noun}`;
