/** In charge of a request that a page's own script makes, under the browser's rules for pages. */
import type { Page } from "playwright-core";

export type PageAnswer =
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is what the tests are about.
  | { status: number; requestId: string | null; body: any }
  /** All that a browser tells a script about an answer which it may not read. */
  | { blocked: string };

export function postFromPage(
  page: Page,
  url: string,
  body: unknown,
  token?: string,
  others: Record<string, string> = {},
): Promise<PageAnswer> {
  const headers = {
    "content-type": "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...others,
  };
  return page.evaluate(
    async ({ to, init }) => {
      try {
        const answer = await fetch(to, init);
        return {
          status: answer.status,
          requestId: answer.headers.get("x-request-id"),
          body: await answer.json(),
        };
      } catch (error) {
        return { blocked: String(error) };
      }
    },
    { to: url, init: { method: "POST", headers, body: JSON.stringify(body) } },
  );
}
