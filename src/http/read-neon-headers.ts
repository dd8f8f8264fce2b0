/** In charge of reading the headers of a request of the Neon serverless driver. */
import type { IncomingHttpHeaders } from "node:http";
import { posternError } from "../base/error.ts";
import type { NeonModes } from "../query/neon/neon-request.ts";

export const neonHeaders = {
  connection: "neon-connection-string",
  rawText: "neon-raw-text-output",
  arrayMode: "neon-array-mode",
  isolationLevel: "neon-batch-isolation-level",
  readOnly: "neon-batch-read-only",
  deferrable: "neon-batch-deferrable",
} as const;

export interface NeonConnection {
  user: string;
  password: string;
  database: string;
  /** The database that the host names; an address names none. */
  databaseId: string | undefined;
}

/** A database's own host, also with the suffix by which Neon's own URLs tell the pooler. */
const databaseHost = /^(db-[0-9a-f]{12})(?:-pooler)?(?:\.|$)/i;

/** @throws Y1001 without the header, or when it is no URL with user and database. */
export function readNeonConnection(headers: IncomingHttpHeaders): NeonConnection {
  const text = one(headers, neonHeaders.connection);
  if (text === undefined) throw invalid("The header Neon-Connection-String is missing.");
  const url = parseUrl(text);
  const user = decode(url.username);
  const database = decode(url.pathname.slice(1));
  if (user === "" || database === "") throw invalid("The connection string names no user or no database.");
  return {
    user,
    database,
    password: decode(url.password),
    databaseId: databaseHost.exec(url.hostname)?.[1]?.toLowerCase(),
  };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "postgres:" || url?.protocol === "postgresql:") return url;
  throw invalid("The connection string is not a postgresql:// URL.");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("The connection string is not encoded as URLs are.");
  }
}

export const readNeonModes = (headers: IncomingHttpHeaders): NeonModes => ({
  isRaw: one(headers, neonHeaders.rawText) === "true",
  rowsAsArrays: one(headers, neonHeaders.arrayMode) === "true",
  isolationLevel: one(headers, neonHeaders.isolationLevel),
  readOnly: one(headers, neonHeaders.readOnly),
  deferrable: one(headers, neonHeaders.deferrable),
});

const echoed = [neonHeaders.isolationLevel, neonHeaders.readOnly, neonHeaders.deferrable];

/** The mode of a batch, as it was asked for: names and values in turn. */
export const echoedHeaders = (headers: IncomingHttpHeaders): string[] =>
  echoed.flatMap((name) => {
    const value = one(headers, name);
    return value === undefined ? [] : [name, value];
  });

/** Node joins headers of its own list only; of these each is wanted once. */
function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const invalid = (message: string) =>
  posternError("Y1001", message, { hint: "Send postgresql://user:password@host/database, percent-encoded." });
