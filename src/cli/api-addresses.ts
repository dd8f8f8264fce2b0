/**
 * In charge of an API that has several addresses, as several control planes have: the first that can be reached is asked, and
 * whoever has answered is asked on.
 */
import type { Answer, Fetch } from "@postern/sdk/control";

/** As POSTERN_API_URL has them, by commas. */
export const apiAddresses = (text: string): string[] =>
  text
    .split(",")
    .map((url) => url.trim().replace(/\/+$/, ""))
    .filter((url) => url !== "");

/** Nothing has been sent then. */
const unreached = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
]);

/** What concerns other addresses goes by as it is. */
export function fetchFromSeveral(fetch: Fetch, addresses: readonly string[]): Fetch {
  let order = [...addresses];
  return async (url, init) => {
    const asked = addresses.find((one) => url === one || url.startsWith(`${one}/`));
    if (asked === undefined) return fetch(url, init);
    const isHarmless = (init.method ?? "GET") === "GET";
    let failure: unknown;
    let refusal: Answer | undefined;
    for (const address of [...order]) {
      try {
        const answer = await fetch(address + url.slice(asked.length), init);
        order = [address, ...order.filter((one) => one !== address)];
        // One that is ending, or has no tables now: another may have.
        if (answer.status !== 503 || !isHarmless) return answer;
        refusal = answer;
      } catch (error) {
        if (init.signal?.aborted || !(isHarmless || unreached.has(codeOf(error)))) throw error;
        failure = error;
      }
    }
    if (refusal) return refusal;
    throw failure;
  };
}

function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return code ?? cause?.code ?? "";
}
