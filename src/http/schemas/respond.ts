/** In charge of how schemas describe answers: what each status means, and the body that all errors share. */
import type { ErrorBody } from "@postern/sdk/protocol";
import { z } from "zod";

export const errorBody = z
  .object({
    code: z.string().describe("A SQLSTATE when Postgres refused, `Y` and four digits when Postern did."),
    message: z.string(),
    detail: z.string().optional(),
    hint: z.string().optional(),
    position: z.int().optional().describe("1-based character offset into the SQL text."),
    statement_index: z.int().optional().describe("0-based; for `/transaction`."),
    request_id: z.string().optional(),
  })
  .meta({ id: "Error", description: "Body of every error." }) satisfies z.ZodType<ErrorBody>;

/** Time in RFC 3339, UTC. */
export const timestamp = z.string().meta({ format: "date-time" });

/** An answer in JSON. */
export function json<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { "application/json": { schema } } };
}

/** An answer in JSON, or in lines of JSON for callers that ask for them. */
export function jsonOrLines<Schema extends z.ZodType, Line extends z.ZodType>(
  description: string,
  schema: Schema,
  line: Line,
) {
  return {
    description,
    content: { "application/json": { schema }, "application/x-ndjson": { schema: line } },
  };
}

const meanings = {
  400: "The request is wrong, or Postgres refused the SQL.",
  401: "Credentials are missing or not valid.",
  403: "These credentials do not allow it.",
  404: "There is no such thing, or it is not the caller's.",
  409: "The state of things does not allow it now.",
  413: "The body is too large.",
  429: "Too many attempts; `retry-after` says how long to wait.",
  500: "Postern failed.",
  503: "Not reachable now; trying again may help.",
  504: "It took too long.",
  507: "The answer, or what is to be stored, is too large.",
} as const;

export type ErrorStatus = keyof typeof meanings;
type ErrorAnswers<Status extends ErrorStatus> = Record<
  Status | 500,
  ReturnType<typeof json<typeof errorBody>>
>;

/** The errors that a route can answer with; 500 is always one of them. */
export function errors<Status extends ErrorStatus>(...statuses: Status[]): ErrorAnswers<Status> {
  const answers = ([...statuses, 500] as ErrorStatus[]).map((status) => [
    status,
    json(meanings[status], errorBody),
  ]);
  return Object.fromEntries(answers) as ErrorAnswers<Status>;
}

type Requirement = Record<string, string[]>;

/** Which credentials a route takes, as OpenAPI says it. */
export const security: Record<
  "none" | "account" | "accountIfAny" | "accountOrDatabase" | "database",
  Requirement[]
> = {
  none: [],
  accountIfAny: [{}, { apiKey: [] }],
  account: [{ apiKey: [] }],
  accountOrDatabase: [{ apiKey: [] }, { databaseToken: [] }],
  database: [{ databaseToken: [] }],
};
