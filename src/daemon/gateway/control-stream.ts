/** In charge of the stream by which a control plane tells a gateway what it may no longer believe: read until it ends or falls silent. */
import type { IncomingMessage } from "node:http";
import { PosternError, posternError } from "../../base/error.ts";
import { type GatewayEvent, type GatewaySelf, silenceMs } from "../gateways/gateway-messages.ts";
import type { ControlEndpoint } from "./control-endpoint.ts";
import { readWhole } from "./read-whole.ts";

export interface StreamOptions {
  endpoint: ControlEndpoint;
  token: string;
  self: GatewaySelf;
  signal: AbortSignal;
  onEvent(event: GatewayEvent): void;
}

/** Resolves when it has ended: by the other side, or cut off for its silence. @throws what the control plane says, or why it cannot be reached */
export async function followStream(options: StreamOptions): Promise<"ended" | "silent"> {
  const answer = await open(options);
  let end: "ended" | "silent" = "ended";
  const silent = () => {
    end = "silent";
    answer.destroy();
  };
  let timer = setTimeout(silent, silenceMs);
  let held = "";
  try {
    for await (const chunk of answer.setEncoding("utf8") as AsyncIterable<string>) {
      clearTimeout(timer);
      timer = setTimeout(silent, silenceMs);
      const events = (held + chunk).split("\n\n");
      held = events.pop()!;
      for (const event of events)
        if (event.startsWith("data: ")) options.onEvent(JSON.parse(event.slice(6)) as GatewayEvent);
    }
  } catch {
    // Cut, or cut off for its silence.
  } finally {
    clearTimeout(timer);
    answer.destroy();
  }
  return end;
}

function open({ endpoint, token, self, signal }: StreamOptions): Promise<IncomingMessage> {
  const query = new URLSearchParams({ ...self, protocol: String(self.protocol) });
  return new Promise((resolve, reject) => {
    const request = endpoint.request({
      path: `/v1/gateway/stream?${query}`,
      headers: { authorization: `Bearer ${token}`, host: hostOf(endpoint) },
      signal,
    });
    const timer = setTimeout(() => request.destroy(new Error("no answer in time")), silenceMs);
    request.once("error", (error) => {
      clearTimeout(timer);
      reject(unreachable(endpoint, error));
    });
    request.once("response", (answer) => {
      clearTimeout(timer);
      if (answer.statusCode === 200) resolve(answer);
      else readWhole(answer).then((text) => reject(errorOf(text, answer.statusCode!)), reject);
    });
    request.end();
  });
}

export const hostOf = ({ url }: ControlEndpoint): string => new URL(url).host;

export const unreachable = ({ url }: ControlEndpoint, cause: unknown): PosternError =>
  posternError("Y8051", "The control plane cannot be reached.", {
    detail: `${url}: ${(cause as { code?: string }).code ?? (cause as Error).message}`,
    hint: "Try again in a moment.",
    cause,
  });

/** What an answer that is an error says. */
export function errorOf(text: string, status: number): PosternError {
  try {
    const body = JSON.parse(text) as { code?: unknown; message?: unknown };
    if (typeof body.code === "string" && typeof body.message === "string")
      return PosternError.fromBody(body as never);
  } catch {
    // A proxy's page.
  }
  return posternError("Y8051", `What answers in the control plane's place says ${status}.`, {
    hint: "Look at the address in --control, and at what stands in front of the control plane.",
  });
}
