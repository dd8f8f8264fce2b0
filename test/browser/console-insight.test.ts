/** The pages that show a database at work, in a real browser against a live daemon: queries, sessions, figures, history. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { CreatedDatabase, DatabaseInfo, StatementInfo } from "@postern/sdk/protocol";
import pg from "pg";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../support/find-chromium.ts";
import { openBrowser, type TestBrowser } from "../support/open-browser.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

const chromiumPath = findChromium();
const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let postern: PosternHome;
let browser: TestBrowser;
let shop: CreatedDatabase;
let page: Page;
const faults: string[] = [];
const clients: pg.Client[] = [];

const byCustomer = "select note from orders where customer = $1";
const hostile = `<img src=x onerror="window.hacked=1">\u202e`;

const send = (route: string, body: unknown, requestId?: string) =>
  fetch(`${postern.apiUrl()}/v1/db/${shop.id}/${route}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${shop.token}`,
      "content-type": "application/json",
      ...(requestId !== undefined && { "x-request-id": requestId }),
    },
    body: JSON.stringify(body),
  });
const ask = (sql: string, params: unknown[] = [], requestId?: string) =>
  send("query", { sql, params }, requestId);
const path = (rest: string) => `/v1/databases/${shop.id}/${rest}`;
const open = (rest: string) => page.goto(`${postern.apiUrl()}/console/db/${shop.id}/${rest}`);
const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const dialog = () => page.getByRole("dialog");
const inPage = <Value>(script: string) => page.evaluate(script) as Promise<Value>;
const connect = async (application: string): Promise<pg.Client> => {
  const { direct } = await postern.api<{ direct: string }>("GET", path("urls"));
  const client = new pg.Client({ connectionString: direct, application_name: application });
  client.on("error", () => {});
  await client.connect();
  clients.push(client);
  return client;
};
/** What is done is done with changes allowed: the first to want it unlocks. */
const unlock = async () => {
  await button("Read-only").click();
  await button("Unlock for 30 minutes").click();
  await dialog().waitFor({ state: "detached" });
};

// Each leads through several pages, which busy machines take their time for.
describe.skipIf(chromiumPath === undefined)(
  "the console's pages of a database at work",
  { timeout: 180_000 },
  () => {
    beforeAll(async () => {
      [postern, browser] = await Promise.all([
        createPosternHome({ POSTERN_SLOW_QUERY_MS: "1" }),
        openBrowser(chromiumPath!),
      ]);
      await postern.start();
      shop = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "shop" });
      for (const sql of [
        "create table orders (id bigint generated always as identity primary key, customer int not null, note text)",
        "insert into orders (customer, note) select n % 5000, repeat('x', 60) from generate_series(1, 50000) n",
        "create table people (id int primary key, name text, city text)",
        "insert into people values (1, 'Ada', 'Lisbon')",
        "analyze",
      ])
        expect((await ask(sql)).status).toBe(200);
      for (let customer = 1; customer <= 12; customer += 1)
        await ask(byCustomer, [customer], "page-of-orders");
      await waitUntil("the statement was counted", async () => {
        const all = await postern.api<StatementInfo[]>("GET", path("statements"));
        return all.some(({ statement, calls }) => statement === byCustomer && calls >= 12);
      });
      page = await browser.context.newPage();
      page.setDefaultTimeout(40_000);
      page.on("pageerror", (error) => faults.push(error.message));
      const { url } = await postern.api<{ url: string }>("POST", "/v1/console/links");
      await page.goto(url);
      await page.getByRole("heading", { name: "Databases" }).waitFor();
      await unlock();
    }, 300_000);
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await browser?.close();
      await postern?.close();
    });

    it("lead from a slow statement to the index that it misses, which is made there", async () => {
      await open("queries");
      await page.getByLabel("Search statements").fill("customer =");
      await page.getByRole("link", { name: byCustomer }).click();
      await page.getByRole("heading", { name: "Query", level: 1 }).waitFor();
      await page.getByRole("table", { name: "Steps of the plan" }).getByText("Seq Scan on orders").waitFor();
      await page.getByText("orders (customer)").waitFor();
      await page.getByText(/^[\d ]+× cheaper$/).waitFor();
      await button("Make it").click();
      await dialog().getByRole("button", { name: "Make it", exact: true }).click();
      await dialog().waitFor({ state: "detached" });
      await page.getByText("orders (customer)").waitFor({ state: "detached" });
      await page.goBack();
      expect(await page.getByLabel("Search statements").inputValue()).toBe("customer =");
      await button("Indexes").click();
      await page.getByText("No index is missing, and none is there for nothing.").waitFor();
    });

    it("show what one request asked again and again, each run at its time", async () => {
      await open("queries?view=repeated");
      await page.getByText("asked 12 times in one request").waitFor();
      await page.getByRole("link", { name: "Last request" }).click();
      await page.getByText("N+1: orders was asked 12 times.").waitFor();
      const runs = page.getByRole("table", { name: "Statements of the request" }).getByRole("row");
      expect(await runs.count()).toBe(13);
      await page.getByText("Nothing that is logged.").waitFor();
    });

    it("show who waits for whom as it happens, cancel the one and end the other", async () => {
      const [holder, waiter] = [await connect("holder"), await connect("waiter")];
      await open("live");
      await page.getByText("live", { exact: true }).waitFor();
      await holder.query("begin; lock table people in access exclusive mode");
      const waits = waiter.query("select * from people").then(
        () => "answered",
        (error: { code: string }) => error.code,
      );
      const tree = page.getByRole("list", { name: "Who waits for whom" });
      await tree.getByText("AccessShare on people").waitFor();
      expect(await tree.getByRole("listitem").first().textContent()).toContain("holder");
      await tree.getByRole("button", { name: "Cancel" }).click();
      await button("Cancel the statement").click();
      expect(await waits).toBe("57014");
      await tree.waitFor({ state: "detached" });
      const ended = new Promise((resolve) => holder.once("end", resolve));
      await page
        .getByRole("row", { name: /idle in transaction/ })
        .getByRole("button", { name: /^End/ })
        .click();
      await button("End the session").click();
      await ended;
      await page.getByText("Nothing runs.").waitFor();
    });

    it("draw figures over time, read by keys and as a table; a stretch that is dragged is looked at closer", async () => {
      await open("metrics?minutes=360");
      const chart = page.getByLabel(/^Throughput\. /);
      await chart.focus();
      await page.keyboard.press("End");
      await page.keyboard.press("ArrowLeft");
      expect(await chart.locator(".hidden-text").textContent()).toMatch(/: statements\/s /);
      await page.locator(".chart-table summary").nth(1).click();
      const table = page.getByLabel("Throughput, as a table").getByRole("row");
      expect(await table.count()).toBeGreaterThan(60);
      const box = (await chart.boundingBox())!;
      const to = async (share: number) => page.mouse.move(box.x + 60 + (box.width - 70) * share, box.y + 50);
      await to(0.5);
      await page.mouse.down();
      await to(0.7);
      await to(0.98);
      await page.mouse.up();
      await page.waitForURL(/from=/);
      await page.getByText(/^From \d{4}-/).waitFor();
      await page.goBack();
      await page.getByText("Measured once a minute.").waitFor();
    });

    it("log a table's changes, show a row's life and who wrote what, and bring it back", async () => {
      await open("history");
      const row = page.getByRole("row").filter({ hasText: "people" });
      await row.getByRole("button", { name: "Log all" }).click();
      await row.getByText("every change").waitFor();
      const filters = [{ column: "id", op: "eq", value: 1 }];
      const move = { table: "people", operation: "update", filters, data: { city: "Oslo" } };
      expect((await send("records", move, "moved-away")).status).toBe(200);
      await ask("update people set name = $1 where id = 1", [hostile]);
      await page.getByLabel("Table", { exact: true }).selectOption("people");
      await page.getByLabel("Row (id)").fill("1");
      await button("Look").click();
      const life = page.locator(".mutation");
      await life.filter({ hasText: "Lisbon" }).getByText("Oslo").waitFor();
      await life.filter({ hasText: "<img src=x" }).waitFor();
      expect(await inPage("[typeof hacked, document.images.length]")).toEqual(["undefined", 0]);
      await life.filter({ hasText: "Lisbon" }).getByRole("button", { name: "As of then" }).click();
      await dialog().getByText("These columns become again what they were:").waitFor();
      await button("Bring it back").click();
      await dialog().waitFor({ state: "detached" });
      expect(await (await ask("select name, city from people")).json()).toMatchObject({
        rows: [{ name: "Ada", city: "Oslo" }],
      });
      await page.getByRole("link", { name: "request moved-away" }).click();
      await page.getByRole("heading", { name: "Request", level: 1 }).waitFor();
      await page.locator(".mutation").getByText("Oslo").waitFor();
    });

    it("put a database made of a moment in the place of its source, once that one's name is typed", async () => {
      const copy = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "shop-then" });
      const info = await postern.api<DatabaseInfo>("GET", `/v1/databases/${copy.id}`);
      const made = { ...info, restored_from: shop.id, restored_to: "2026-01-02T03:04:05.000Z" };
      await page.route(/\/restored$/, (route) => route.fulfill({ json: [made] }));
      await open("backups");
      await page.getByText("Made of a moment").waitFor();
      await button("Promote").click();
      expect(await button("Promote it").isDisabled()).toBe(true);
      await page.getByLabel("Type shop to confirm").fill("shop");
      await button("Promote it").click();
      await page.locator(".tray").getByText("Promote shop-then").waitFor();
      await waitUntil("it has its place", async () => {
        const { rows } = (await (await ask("select to_regclass('people') as people")).json()) as {
          rows?: { people: string | null }[];
        };
        return rows?.[0]?.people === null;
      });
      await page.unrouteAll();
    });

    it("draw lists of 5,000 entries at once, and all of them when that is wanted", async () => {
      const many = Array.from({ length: 5_000 }, (_, at) => ({
        name: `${String(at).padStart(5, "0")}_step.sql`,
        checksum: "0".repeat(64),
        applied_at: "2026-01-02T03:04:05.000Z",
        duration_ms: 3,
      }));
      await page.route(/v1\/databases\/[^/]+\/migrations$/, (route) => route.fulfill({ json: many }));
      await open("migrations");
      await page.getByText("00249_step.sql").waitFor();
      expect(await page.getByRole("row").count()).toBe(251);
      await button("Show more").click();
      await page.getByText("01249_step.sql").waitFor();
      await page.unrouteAll();
    });

    it("are for everybody, fit every screen, and say what is wrong", async () => {
      const found: string[] = [];
      await page.emulateMedia({ reducedMotion: "reduce" });
      const axe = await readFile(axeFile, "utf8");
      const serious = (rules: string) =>
        inPage<string[]>(`axe.run(${rules}).then(({ violations }) => violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => id + " " + nodes[0].html))`);
      const views = [
        "queries",
        "queries?view=advice",
        "queries?view=requests",
        "live?show=all",
        "metrics",
        "history",
      ];
      for (const rest of [...views, "requests/page-of-orders", "history?table=people"]) {
        await page.emulateMedia({ colorScheme: "light" });
        await open(rest);
        await page.locator("h1").waitFor();
        await page.locator(".skeleton").first().waitFor({ state: "detached" });
        await page.evaluate(axe);
        found.push(...(await serious("{}")).map((one) => `${rest}: ${one}`));
        await page.emulateMedia({ colorScheme: "dark" });
        found.push(
          ...(await serious('{ runOnly: ["color-contrast"] }')).map((one) => `${rest}, dark: ${one}`),
        );
        for (const width of [390, 720, 1024]) {
          await page.setViewportSize({ width, height: 800 });
          const over = await inPage<number>("document.documentElement.scrollWidth - innerWidth");
          if (over > 0) found.push(`${rest} at ${width}: ${over} too wide`);
        }
        await page.setViewportSize({ width: 1280, height: 720 });
      }
      expect(found).toEqual([]);
      await open("queries/0000000000000000");
      await page.getByRole("alert").getByText("Y9014").waitFor();
      await open("requests/nobody-ever");
      await page.getByText("What it asked is not known any more.").waitFor();
      expect(faults).toEqual([]);
    });
  },
);
