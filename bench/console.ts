/** In charge of measuring the console in a real browser: what is loaded first, how soon it is seen, and whether the grid drops frames. */
import { request } from "node:http";
import { type Browser, chromium, type Page } from "playwright-core";
import { median, percentile } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";
import { traceFrames } from "./trace-frames.ts";

interface Figure {
  what: string;
  [name: string]: string | number;
}

const rows = 100_000;
const columns = 200;
const scrollSeconds = 6;

export async function benchConsole({ json, rounds }: { json: boolean; rounds: number }): Promise<void> {
  const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  const postern = await startTemporaryPostern();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const { id } = await postern.api<{ id: string }>("POST", "/v1/databases", { name: "wide" });
    const figures = [
      await firstLoad(postern),
      ...(await firstPaints(postern, browser, id, rounds)),
      ...(await scrolling(postern, browser, id)),
    ];
    for (const figure of figures) console.log(json ? JSON.stringify(figure) : inWords(figure));
  } finally {
    await browser.close();
    await postern.close();
  }
}

const inWords = ({ what, ...rest }: Figure): string =>
  `${what}: ${Object.entries(rest)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`)
    .join(", ")}`;

/** Bytes as they travel. */
function gzippedSize(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { "accept-encoding": "gzip" } }, (response) => {
      let bytes = 0;
      response.on("data", (part: Buffer) => (bytes += part.length)).on("end", () => resolve(bytes));
    });
    asked.on("error", reject).end();
  });
}

/** The page, and all that it names: what every visit loads before it knows which page is wanted. */
async function firstLoad({ apiUrl }: TemporaryPostern): Promise<Figure> {
  const page = await (await fetch(`${apiUrl}/console/`)).text();
  const parts = [...page.matchAll(/(?:src|href)="(\/console\/[^"]+\.(?:js|css|svg))"/g)].map(
    ([, path]) => path!,
  );
  const sizes = await Promise.all(["/console/", ...parts].map((path) => gzippedSize(`${apiUrl}${path}`)));
  return {
    what: "first load, gzipped",
    files: sizes.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

async function signIn(page: Page, postern: TemporaryPostern): Promise<void> {
  const { url } = await postern.api<{ url: string }>("POST", "/v1/console/links");
  await page.goto(url);
  await page.locator(".shell").waitFor();
}

const paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";

/** With an empty cache each time. */
async function firstPaints(
  postern: TemporaryPostern,
  browser: Browser,
  id: string,
  rounds: number,
): Promise<Figure[]> {
  const pages = [
    { what: "sign-in", path: "/", signedIn: false, shows: "h1" },
    { what: "databases", path: "/", signedIn: true, shows: "table a" },
    { what: "overview", path: `/db/${id}`, signedIn: true, shows: ".page h1" },
  ];
  const figures: Figure[] = [];
  for (const { what, path, signedIn, shows } of pages) {
    const painted: number[] = [];
    const shown: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const context = await browser.newContext();
      const page = await context.newPage();
      if (signedIn) await signIn(page, postern);
      const client = await context.newCDPSession(page);
      await client.send("Network.setCacheDisabled", { cacheDisabled: true });
      await page.goto(`${postern.apiUrl}/console${path}`);
      await page.locator(shows).first().waitFor();
      shown.push((await page.evaluate("performance.now()")) as number);
      painted.push((await page.evaluate(paint)) as number);
      await context.close();
    }
    figures.push({
      what: `first contentful paint of ${what}, ms`,
      median: Math.round(median(painted)),
      p90: Math.round(percentile(painted, 0.9)),
      content_at: Math.round(median(shown)),
      rounds,
    });
  }
  return figures;
}

async function scrolling(postern: TemporaryPostern, browser: Browser, id: string): Promise<Figure[]> {
  const names = Array.from({ length: columns - 1 }, (_, n) => `c${n} int default ${n}`);
  const { token } = await postern.api<{ token: string }>("POST", `/v1/databases/${id}/tokens`, {
    label: "bench",
  });
  for (const sql of [
    `create table wide (id int primary key, ${names.join(", ")})`,
    `insert into wide (id) select generate_series(1, ${rows})`,
    "analyze wide",
  ]) {
    const answer = await fetch(`${postern.apiUrl}/v1/db/${id}/execute`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ sql }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const empty = await measureFrames(page, "about:blank", "() => {}");
  await signIn(page, postern);
  const table = `${postern.apiUrl}/console/db/${id}/data?table=wide`;
  const grid = "const grid = document.querySelector('.grid');";
  const down = await measureFrames(page, table, `(n) => { ${grid} grid.scrollTop += 40 + n % 7; }`);
  const across = await measureFrames(
    page,
    table,
    `(n) => { ${grid} grid.scrollTop += 25; grid.scrollLeft += n % 600 < 300 ? 45 : -45; }`,
  );
  await context.close();
  return [
    { what: "frames of an empty page, ms", ...empty },
    { what: `frames of ${rows} rows by ${columns} columns scrolled down, ms`, ...down },
    { what: "frames of the same scrolled down and across, ms", ...across },
  ];
}

/** Scrolls a little in every frame; a frame that comes a whole one late was dropped. */
async function measureFrames(page: Page, url: string, step: string): Promise<Record<string, number>> {
  await page.goto(url);
  if (url !== "about:blank") await page.locator('[data-spot="5,0"]').waitFor();
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable");
  const processorTime = async () =>
    (await client.send("Performance.getMetrics")).metrics.find(({ name }) => name === "ProcessTime")!.value;
  const before = await processorTime();
  const scroll = () =>
    page.evaluate(`new Promise((resolve) => {
    const step = ${step};
    const times = [];
    const begin = performance.now();
    let last = begin;
    const frame = (now) => {
      times.push(now - last);
      last = now;
      step(times.length);
      if (now - begin < ${scrollSeconds * 1_000}) requestAnimationFrame(frame);
      else resolve(times.slice(10));
    };
    requestAnimationFrame(frame);
  })`) as Promise<number[]>;
  const [times, costs] = await traceFrames(page, scroll);
  const processor = ((await processorTime()) - before) * 1_000;
  await client.detach();
  const usual = 1_000 / 60;
  const dropped = times.reduce((sum, ms) => sum + Math.max(0, Math.round(ms / usual) - 1), 0);
  const rounded = (value: number) => Math.round(value * 10) / 10;
  return {
    p50: rounded(median(times)),
    p95: rounded(percentile(times, 0.95)),
    max: rounded(Math.max(...times)),
    ...costs,
    processor_time_each: rounded(processor / times.length),
    dropped_percent: rounded((dropped / (times.length + dropped)) * 100),
  };
}
