/** In charge of telling a webhook: signed, tried again for a while, and in nobody's way. */
import { createHmac } from "node:crypto";
import { sleep } from "../base/clock.ts";
import { posternError } from "../base/error.ts";
import type { WebhookConfig } from "../base/read-webhook.ts";

export interface WebhookEvent {
  event: string;
  at: string;
  [field: string]: unknown;
}

export interface WebhookOptions {
  signal: AbortSignal;
  /** Between attempts; the last failure is thrown. */
  pausesMs?: readonly number[];
}

const patienceMs = 10_000;
const usualPausesMs = [1_000, 5_000, 30_000, 120_000];

/** `x-postern-signature: sha256=<HMAC of the body>`. @throws Y4001 when it did not take it */
export async function sendWebhook(
  { url, secret }: WebhookConfig,
  event: WebhookEvent,
  { signal, pausesMs = usualPausesMs }: WebhookOptions,
): Promise<void> {
  const body = JSON.stringify(event);
  const headers: Record<string, string> = { "content-type": "application/json", "user-agent": "postern" };
  if (secret !== null)
    headers["x-postern-signature"] = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  for (let attempt = 0; ; attempt += 1) {
    const failure = await attemptOnce(url, headers, body, signal);
    if (failure === undefined) return;
    const pauseMs = pausesMs[attempt];
    if (pauseMs === undefined || signal.aborted)
      throw posternError("Y4001", "The webhook did not take a message.", {
        detail: `${new URL(url).host}: ${failure}`,
      });
    await sleep(pauseMs, signal);
  }
}

/** Why it failed. */
async function attemptOnce(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const answer = await fetch(url, { method: "POST", headers, body, signal: limit, redirect: "error" });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answered ${answer.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? `${message}: ${cause.message}` : message;
  }
}
