/**
 * In charge of reading the head of a request where nothing about it is unusual: every line as RFC 9112 would have senders
 * write it, each header once, a body of announced length. Whatever else there is, is Node's own parser to judge: two
 * parsers that forgive different things are how requests get smuggled, so this one forgives nothing.
 */

export interface PlainHead {
  method: "POST";
  url: string;
  /** By names in lower case. */
  headers: Record<string, string>;
  /** Names and values in turn. */
  rawHeaders: string[];
}

const requestLine = /^POST (\/[\w./?=-]{1,200}) HTTP\/1\.1$/;
const headerLine = /^([\w-]{1,64}): ?([\x21-\x7e](?:[\x20-\x7e]{0,4000}[\x21-\x7e])?)$/;
const length = /^(?:0|[1-9]\d{0,8})$/;
/** They say something about the connection, or about the body, that is not followed here. */
const unusual = new Set([
  "transfer-encoding",
  "content-encoding",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
  "x-postern-peer",
  "x-postern-gateway",
]);
const mostHeaders = 40;

/** `text`: without the empty line at its end, byte by byte. Undefined: something is unusual, or wrong. */
export function readPlainHead(text: string): PlainHead | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const url = requestLine.exec(first)?.[1];
  if (url === undefined || lines.length > mostHeaders) return undefined;
  const headers: Record<string, string> = Object.create(null);
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const [, rawName, value] = headerLine.exec(line) ?? [];
    if (rawName === undefined || value === undefined) return undefined;
    const name = rawName.toLowerCase();
    if (unusual.has(name) || name in headers) return undefined;
    headers[name] = value;
    rawHeaders.push(rawName, value);
  }
  const { connection, host, "content-length": announced } = headers;
  if (host === undefined || announced === undefined || !length.test(announced)) return undefined;
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return undefined;
  return { method: "POST", url, headers, rawHeaders };
}
