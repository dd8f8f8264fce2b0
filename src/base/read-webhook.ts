/** In charge of the address that is told of trouble. */
import { posternError } from "./error.ts";
import type { Environment } from "./read-variable.ts";

export interface WebhookConfig {
  url: string;
  /** What its messages are signed with; null: they are not. */
  secret: string | null;
}

/** @throws Y0001 */
export function readWebhook(environment: Environment): WebhookConfig | null {
  const url = environment.POSTERN_WEBHOOK_URL;
  if (!url) return null;
  if (!/^https?:\/\/\S+$/.test(url) || !URL.canParse(url)) {
    throw posternError("Y0001", `POSTERN_WEBHOOK_URL is "${url}", which is not an address.`, {
      hint: "Write https://host/path.",
    });
  }
  return { url, secret: environment.POSTERN_WEBHOOK_SECRET || null };
}
