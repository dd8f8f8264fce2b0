/**
 * In charge of the development issuer's three answers: discovery, its key, and a token for whoever asks. It knows no
 * passwords, so it listens on loopback only and answers no page of another site.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { asPosternError, hasCode, posternError } from "../../base/error.ts";
import { httpStatusOf } from "../../base/error-codes.ts";
import { devAlgorithm, devIssuerUrl, readDevKey } from "./dev-key.ts";
import { defaultExpirySeconds, signDevToken } from "./sign-dev-token.ts";

export interface DevIssuer {
  url: string;
  close(): Promise<void>;
}

const mostBodyBytes = 16 * 1024;

/** @throws Y0004 when the port is taken */
export async function startDevIssuer(options: { port: number; subject?: string }): Promise<DevIssuer> {
  const server = createServer((request, response) => {
    answer(request, response, options.subject).catch((error: unknown) => sendError(response, error));
  });
  server.requestTimeout = 10_000;
  const port = await listen(server, options.port);
  await readDevKey(port);
  return {
    url: devIssuerUrl(port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (!hasCode(error, "EADDRINUSE", "EACCES")) return reject(error);
      reject(posternError("Y0004", `Port ${port} cannot be used.`, { hint: "Choose another with --port." }));
    });
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, subject?: string): Promise<void> {
  // A site that rebinds its name to this machine still sends its own name.
  if (!isLoopbackHost(request.headers.host)) throw posternError("Y1005", "There is no such host here.");
  allowPagesOfThisMachine(request, response);
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  // Read each time: a key that was deleted and made anew is the one that signs.
  const key = await readDevKey();
  const url = devIssuerUrl(request.socket.localPort!);
  switch (`${request.method} ${pathname}`) {
    case "GET /.well-known/openid-configuration":
      return send(response, 200, {
        issuer: url,
        jwks_uri: `${url}/jwks`,
        token_endpoint: `${url}/token`,
        response_types_supported: ["token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: [devAlgorithm],
      });
    case "GET /jwks":
      return send(response, 200, { keys: [key.publicJwk] });
    case "POST /token": {
      const wanted = readWanted(await readJson(request), subject);
      const access_token = await signDevToken({ ...key, port: request.socket.localPort! }, wanted);
      return send(response, 200, { access_token, token_type: "Bearer", expires_in: wanted.expiresInSeconds });
    }
    default:
      if (request.method === "OPTIONS") return void response.writeHead(204).end();
      throw posternError("Y1005", `There is no ${request.method} ${pathname}.`, {
        hint: "Ask GET /.well-known/openid-configuration, GET /jwks or POST /token.",
      });
  }
}

const isLoopbackHost = (host: string | undefined): boolean =>
  host !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);

/** An app that is served from this machine signs its users in by itself; no other page reads an answer. */
function allowPagesOfThisMachine({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
  response.setHeader("vary", "origin");
  if (origin === undefined || !URL.canParse(origin) || !isLoopbackHost(new URL(origin).host)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-headers", "content-type");
  response.setHeader("access-control-allow-methods", "GET, POST");
}

/** JSON only: what a page of another site can send without asking is a form or plain text. */
async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw posternError("Y1003", "The body must be application/json.", {
      hint: "Send `content-type: application/json`.",
    });
  }
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > mostBodyBytes) throw posternError("Y1004", "The body is too large.");
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw posternError("Y1002", "The body is not valid JSON.");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw posternError("Y1001", "The body must be a JSON object.");
  }
  return body as Record<string, unknown>;
}

function readWanted(body: Record<string, unknown>, defaultSubject: string | undefined) {
  const { sub = defaultSubject, expires_in: expiresInSeconds = defaultExpirySeconds, ...claims } = body;
  if (typeof sub !== "string") {
    throw posternError("Y1001", "The body needs a sub: who the token is for.", {
      hint: 'Send {"sub": "alice"}.',
    });
  }
  if (typeof expiresInSeconds !== "number") throw posternError("Y1001", "expires_in is a number of seconds.");
  return { subject: sub, claims, expiresInSeconds };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { "content-type": "application/json", "cache-control": "no-store" })
    .end(`${JSON.stringify(body)}\n`);
}

function sendError(response: ServerResponse, thrown: unknown): void {
  const error = asPosternError(thrown);
  send(response, httpStatusOf(error.code), error.toBody());
}
