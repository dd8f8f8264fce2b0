/** In charge of asking a started daemon over HTTP, as any client would: by method, path, credentials and JSON. */
import { ask } from "./http-client.ts";
import type { PosternHome } from "./postern-home.ts";

export interface JsonAnswer<Body> {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Body;
}

export interface JsonQuestion {
  body?: unknown;
  /** Without one: the administrator's key; null: none. */
  secret?: string | null;
  host?: string;
  signal?: AbortSignal;
}

// biome-ignore lint/suspicious/noExplicitAny: what comes back is what the tests are about.
export type AskDaemon = <Body = any>(route: string, question?: JsonQuestion) => Promise<JsonAnswer<Body>>;

/** `ask("POST /v1/databases", { body: { name: "shop" } })` */
export function daemonClient(postern: Pick<PosternHome, "apiUrl" | "apiKey">): AskDaemon {
  return async (route, { body, secret = postern.apiKey(), host, signal } = {}) => {
    const [method, path] = route.split(" ") as [string, string];
    const answer = await ask({
      port: Number(new URL(postern.apiUrl()).port),
      method,
      path,
      headers: {
        ...(host === undefined ? {} : { host }),
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const isJson = answer.headers["content-type"]?.startsWith("application/json");
    return { ...answer, body: isJson ? JSON.parse(answer.text) : answer.text };
  };
}
