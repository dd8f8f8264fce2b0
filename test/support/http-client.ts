/** In charge of HTTP from below: any Host header, duplicate headers, broken bytes, connections cut short. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Question {
  port: number;
  method?: string;
  path: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  signal?: AbortSignal;
}

/** Sends a request and resolves with the beginning of its answer. */
export function open({
  port,
  method = "GET",
  path,
  headers = {},
  body,
  signal,
}: Question): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false, signal });
    outgoing.once("response", resolve).once("error", reject).end(body);
  });
}

export async function ask(question: Question): Promise<Answer> {
  const response = await open(question);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode!, headers: response.headers, text };
}

/** Opens a connection on which a test writes bytes of its own. */
export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket)).once("error", reject);
  });
}

/** All that the server sends until it closes the connection. */
export async function drain(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket.setEncoding("utf8")) text += chunk;
  return text;
}
