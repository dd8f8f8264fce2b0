/** What every link shortener among the examples does, whatever it is built with. */
import { expect } from "vitest";

interface Link {
  id: number;
  slug: string;
  target: string;
  hits: number;
  visits: { at: string; referrer: string | null }[];
}

/** @param origin of an example that has no links yet */
export async function expectLinks(origin: string): Promise<void> {
  const ask = async (path: string, options: RequestInit = {}) => {
    const answer = await fetch(`${origin}${path}`, { redirect: "manual", ...options });
    const text = await answer.text();
    // Who is redirected may be told so in words.
    const isJson = answer.headers.get("content-type")?.startsWith("application/json") ?? false;
    return {
      status: answer.status,
      location: answer.headers.get("location"),
      body: (isJson ? JSON.parse(text) : {}) as Body,
    };
  };
  const add = (body: object | string) =>
    ask("/links", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  await expectNewLinks(ask, add);
  await expectPages(ask, add);
  await expectVisits(ask);
}

/** Of a page, of a link, or of a refusal. */
interface Body extends Link {
  links: Link[];
  next: number | null;
  error: string;
}

type Ask = (
  path: string,
  options?: RequestInit,
) => Promise<{ status: number; location: string | null; body: Body }>;
type Add = (body: object | string) => ReturnType<Ask>;

async function expectNewLinks(ask: Ask, add: Add): Promise<void> {
  expect(await ask("/links")).toMatchObject({ status: 200, body: { links: [], next: null } });
  const added = await add({ target: "https://example.com/docs?a='b'", slug: "docs" });
  expect(added).toMatchObject({
    status: 201,
    body: { slug: "docs", target: "https://example.com/docs?a='b'", hits: 0 },
  });
  expect(await add({ target: "https://example.com/other", slug: "docs" })).toMatchObject({ status: 409 });
  expect((await add({ target: "https://example.com/1" })).body).toMatchObject({
    slug: expect.stringMatching(/^[0-9a-f]{8}$/),
  });
  for (const wrong of [
    {},
    { target: "javascript:alert(1)" },
    { target: "https://a.example", slug: "A b" },
    "{",
  ])
    expect(await add(wrong)).toMatchObject({ status: 400, body: { error: expect.any(String) } });
}

async function expectPages(ask: Ask, add: Add): Promise<void> {
  for (const n of [2, 3, 4]) await add({ target: `https://example.com/${n}` });
  const targets: string[] = [];
  let pages = 0;
  for (let after: number | null = null; pages === 0 || after !== null; pages++) {
    const { body } = await ask(`/links?limit=2${after === null ? "" : `&after=${after}`}`);
    targets.push(...body.links.map(({ target }: Link) => target.replace(/^.*\//, "")));
    after = body.next;
  }
  expect(targets).toEqual(["4", "3", "2", "1", "docs?a='b'"]);
  expect(pages).toBe(3);
  expect(await ask("/links?limit=nonsense&after=nonsense")).toMatchObject({
    status: 200,
    body: { next: null },
  });
}

async function expectVisits(ask: Ask): Promise<void> {
  const visits = Array.from({ length: 12 }, () =>
    ask("/docs", { headers: { referer: "https://a.example/" } }),
  );
  for (const visit of await Promise.all(visits))
    expect(visit).toMatchObject({ status: 302, location: "https://example.com/docs?a='b'" });
  const { body } = await ask("/links/docs");
  expect(body).toMatchObject({ slug: "docs", hits: 12 });
  expect(body.visits).toHaveLength(10);
  for (const { at, referrer } of body.visits) {
    expect(referrer).toBe("https://a.example/");
    expect(Date.now() - Date.parse(at)).toBeLessThan(60_000);
  }
  for (const path of ["/nowhere", "/links/nowhere", "/links/docs/more", "/..%2f"])
    expect(await ask(path)).toMatchObject({ status: 404 });
}
