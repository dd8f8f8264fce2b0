/** In charge of the schemas of long work. */
import type { OperationInfo } from "@postern/sdk/protocol";
import { z } from "zod";
import { type ErrorStatus, errorBody, errors, json, timestamp } from "./respond.ts";

export const operationInfo = z
  .object({
    id: z.string().describe("`op-` and 12 hex digits."),
    kind: z.string(),
    database_id: z.string().nullable(),
    status: z.enum(["pending", "running", "completed", "failed", "canceled"]),
    steps: z.array(
      z.object({
        name: z.string(),
        status: z.enum(["running", "completed", "failed"]),
        started_at: timestamp,
        finished_at: timestamp.nullable(),
      }),
    ),
    progress: z
      .object({ done: z.number(), total: z.number().nullable(), unit: z.string() })
      .nullable()
      .describe("How far the running step is."),
    result: z.unknown(),
    error: errorBody.nullable(),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Operation" }) satisfies z.ZodType<OperationInfo>;

export const operationId = z.object({ id: z.string().describe("`op-` and 12 hex digits.") });

/** Answers of a route that begins an operation and does not wait for its end. */
export const accepted = <Status extends ErrorStatus>(...statuses: Status[]) => ({
  202: json("Accepted.", operationInfo),
  ...errors(...statuses),
});
