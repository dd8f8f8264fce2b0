/** In charge of fetch with authorities of one's own: the platform's fetch takes them at the start of the process only. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import type { Fetch } from "@postern/sdk/control";

export function fetchTrusting(authorities: string[]): Fetch {
  const agent = new Agent({ keepAlive: true, ca: authorities });
  return (url, { method = "GET", headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const options = { method, headers: headers as Record<string, string>, signal: signal ?? undefined };
      const isEncrypted = url.startsWith("https:");
      const request = isEncrypted ? httpsRequest(url, { ...options, agent }) : httpRequest(url, options);
      request.once("response", (message) => resolve(asResponse(url, message)));
      request.once("error", reject);
      request.end(body);
    });
}

function asResponse(url: string, message: IncomingMessage): Response {
  const status = message.statusCode!;
  const headers = new Headers();
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    headers.append(message.rawHeaders[at]!, message.rawHeaders[at + 1]!);
  }
  // These have no body, and Response insists on it.
  const isEmpty = status === 204 || status === 304;
  if (isEmpty) message.resume();
  const body = isEmpty ? null : (Readable.toWeb(message) as ReadableStream);
  // A response that was made by hand does not know where it came from.
  return Object.defineProperty(new Response(body, { status, headers }), "url", { value: url });
}
