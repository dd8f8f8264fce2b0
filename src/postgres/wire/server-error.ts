/** In charge of Postgres's errors as they come over the wire, with all their fields. */

/** What an ErrorResponse says; the names are those of Postgres's documentation. */
export interface ServerErrorFields {
  severity: string;
  code: string;
  message: string;
  detail?: string;
  hint?: string;
  position?: string;
  internalPosition?: string;
  internalQuery?: string;
  where?: string;
  schema?: string;
  table?: string;
  column?: string;
  dataType?: string;
  constraint?: string;
  file?: string;
  line?: string;
  routine?: string;
}

const fieldNames: Record<string, keyof ServerErrorFields> = {
  S: "severity",
  V: "severity", // never translated; comes after S and so takes its place
  C: "code",
  M: "message",
  D: "detail",
  H: "hint",
  P: "position",
  p: "internalPosition",
  q: "internalQuery",
  W: "where",
  s: "schema",
  t: "table",
  c: "column",
  d: "dataType",
  n: "constraint",
  F: "file",
  L: "line",
  R: "routine",
};

export class ServerError extends Error {
  readonly fields: ServerErrorFields;

  constructor(fields: ServerErrorFields) {
    super(fields.message);
    this.name = "ServerError";
    this.fields = fields;
  }

  get code(): string {
    return this.fields.code;
  }
}

export function parseServerError(buffer: Buffer, start: number, end: number): ServerError {
  const fields: ServerErrorFields = { severity: "ERROR", code: "XX000", message: "" };
  let offset = start;
  while (offset < end && buffer[offset] !== 0) {
    const name = fieldNames[String.fromCharCode(buffer[offset]!)];
    const textEnd = buffer.indexOf(0, offset + 1);
    if (name) fields[name] = buffer.toString("utf8", offset + 1, textEnd);
    offset = textEnd + 1;
  }
  return new ServerError(fields);
}
