/**
 * In charge of a fetch for one short command: the platform's own takes longer to load than a command takes to answer, and
 * takes authorities of one's own at the start of the process only.
 */
import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { Answer, Fetch } from "@postern/sdk/control";

export interface FetchOptions {
  /** Whom to trust instead of those whom Node trusts. */
  authorities?: string[] | undefined;
  /** Longest until there is a connection; else as long as the operating system tries. */
  connectWithinMs?: number | undefined;
}

export function fetchAnswer({ authorities, connectWithinMs }: FetchOptions = {}): Fetch {
  const open = lazyRequest(authorities);
  return async (url, init) => {
    const { method = "GET", headers, body, signal } = init;
    const request = await open(url, {
      method,
      headers: headers as Record<string, string>,
      signal: signal ?? undefined,
    });
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve);
      request.once("error", reject);
      if (connectWithinMs !== undefined) limitConnecting(request, connectWithinMs);
      request.end(body);
    });
    if (authorities !== undefined || !isRedirect(message)) return asAnswer(url, message);
    message.resume();
    return globalThis.fetch(url, init);
  };
}

function limitConnecting(request: ClientRequest, withinMs: number): void {
  const late = Object.assign(new Error(`no connection within ${withinMs / 1_000} s`), { code: "ETIMEDOUT" });
  const timer = setTimeout(() => request.destroy(late), withinMs);
  request.once("close", () => clearTimeout(timer));
  request.once("socket", (socket: Socket) => {
    if (socket.connecting) socket.once("connect", () => clearTimeout(timer));
    else clearTimeout(timer);
  });
}

/** TLS is loaded for those who use it. */
function lazyRequest(authorities: string[] | undefined) {
  let encrypted: Promise<typeof requestPlain> | undefined;
  const loadEncrypted = async (): Promise<typeof requestPlain> => {
    const { Agent, request } = await import("node:https");
    const agent = new Agent({ keepAlive: true, ...(authorities === undefined ? {} : { ca: authorities }) });
    return ((url: string, options: object) => request(url, { ...options, agent })) as typeof requestPlain;
  };
  return async (url: string, options: Parameters<typeof requestPlain>[1] & object) => {
    if (!url.startsWith("https:")) return requestPlain(url, options);
    encrypted ??= loadEncrypted();
    return (await encrypted)(url, options);
  };
}

const isRedirect = ({ statusCode, headers }: IncomingMessage): boolean =>
  [301, 302, 303, 307, 308].includes(statusCode!) && headers.location !== undefined;

function asAnswer(url: string, message: IncomingMessage): Answer {
  const status = message.statusCode!;
  return {
    url,
    status,
    ok: status >= 200 && status < 300,
    headers: {
      get(name) {
        const value = message.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    get body() {
      return Readable.toWeb(message) as NonNullable<Answer["body"]>;
    },
    text: () => readText(message),
  };
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
