/**
 * In charge of errors as the Neon serverless driver wants them: it reads the fields of a 400 only, so whatever has a code
 * that an application may decide by is a 400, and every field is text.
 */
import type { PosternError } from "../../base/error.ts";
import { httpStatusOf } from "../../base/error-codes.ts";
import { ServerError } from "../../postgres/wire/server-error.ts";

export interface NeonError {
  status: number;
  body: Record<string, string | null>;
}

/** Postern's own codes for what Postgres has a code for. */
const sqlStates: Record<string, string> = {
  Y1009: "57014", // query_canceled
  Y3001: "3D000", // invalid_catalog_name
  Y3004: "57P03", // cannot_connect_now
  Y4004: "53300", // too_many_connections
};

const fieldNames = [
  "severity",
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;

/** `isOwner`: others are told code, message and position, and nothing about names and data that they may not see. */
export function describeNeonError(error: PosternError, isOwner: boolean): NeonError {
  const code = sqlStates[error.code] ?? error.code;
  const body: NeonError["body"] = { message: error.message };
  for (const name of fieldNames) body[name] = null;
  if (isOwner && error.cause instanceof ServerError) Object.assign(body, error.cause.fields);
  Object.assign(body, {
    message: error.message,
    severity: body.severity ?? "ERROR",
    code,
    detail: error.detail ?? null,
    hint: error.hint ?? null,
    position: error.position === undefined ? null : String(error.position),
  });
  return { status: statusOf(error.code, code), body };
}

function statusOf(ownCode: string, code: string): number {
  if (!code.startsWith("Y")) return 400;
  const status = httpStatusOf(ownCode);
  return status >= 500 || status === 413 || status === 429 ? status : 400;
}
