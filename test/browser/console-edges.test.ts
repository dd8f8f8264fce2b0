/** The console where values are hostile, lists are endless and servers are somebody else's, in a real browser against a live daemon. */
import type { Catalog, CreatedDatabase, DatabaseInfo, RegisteredInstance } from "@postern/sdk/protocol";
import pg from "pg";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../support/find-chromium.ts";
import { openBrowser, type TestBrowser } from "../support/open-browser.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

const chromiumPath = findChromium();

let postern: PosternHome;
let browser: TestBrowser;
let page: Page;
let shop: CreatedDatabase;
let client: pg.Client;
const faults: string[] = [];

const hostile = `<img src=x onerror="window.hacked=1">\u202e`;
const shownHostile = `<img src=x onerror="window.hacked=1">‹U+202E›`;

const open = (path: string) => page.goto(`${postern.apiUrl()}/console${path}`);
const inShop = (rest = "") => open(`/db/${shop.id}/${rest}`);
const button = (name: string) => page.getByRole("button", { name, exact: true });
const cell = (row: number, column: number) => page.locator(`[data-spot="${row},${column}"]`);
const inPage = <Value>(script: string) => page.evaluate(script) as Promise<Value>;
const ask = (sql: string, params: unknown[] = []) =>
  postern.api("POST", `/v1/db/${shop.id}/query`, { sql, params }, shop.token);
const harmless = async () =>
  expect(await inPage("[typeof hacked, document.images.length]")).toEqual(["undefined", 0]);
const tooWide = () => inPage<number>("document.documentElement.scrollWidth - innerWidth");

// Each leads through several pages, which busy machines take their time for.
describe.skipIf(chromiumPath === undefined)("the console at its edges", { timeout: 180_000 }, () => {
  beforeAll(async () => {
    [postern, browser] = await Promise.all([createPosternHome(), openBrowser(chromiumPath!)]);
    await postern.start();
    shop = await postern.api("POST", "/v1/databases", { name: "shop" });
    await ask("create table item (id int primary key, note text)");
    await ask("insert into item values (1, 'as it was'), (2, 'other')");
    const { direct } = await postern.api<{ direct: string }>("GET", `/v1/databases/${shop.id}/urls`);
    client = new pg.Client({ connectionString: direct, application_name: "<b>app</b>" });
    client.on("error", () => {});
    await client.connect();
    page = await browser.context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => faults.push(error.message));
    const { url } = await postern.api<{ url: string }>("POST", "/v1/console/links");
    await page.goto(url);
    await page.getByRole("heading", { name: "Databases" }).waitFor();
    await button("Read-only").click();
    await button("Unlock for 30 minutes").click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await postern?.close();
    await client?.end().catch(() => {});
  });

  it("shows in History what was edited in the grid", async () => {
    await inShop("data?table=item");
    await cell(0, 1).getByText("as it was").waitFor();
    await cell(0, 1).click();
    await page.keyboard.press("F2");
    await page.locator(".grid-editor").fill("as it became");
    await page.keyboard.press("Enter");
    await button("Review 1 change").click();
    await button("Write them").click();
    await page.getByText("Wrote 1 row.").waitFor();
    await inShop("history?table=item");
    const change = page.locator(".mutation").filter({ hasText: "as it was" });
    await change.getByText("as it became").waitFor();
  });

  it("shows statements, sessions, results and changes as text, whatever they hold and however long", async () => {
    const statement = `select 1 as "${hostile}" ${"x".repeat(1_000_000)}`;
    const counted = {
      ...{ fingerprint: "0".repeat(16), statement, calls: 5, total_ms: 1, mean_ms: 1, min_ms: 1 },
      ...{ max_ms: 1, p50_ms: 1, p95_ms: 1, p99_ms: 1, rows: 1, errors: 0, slow: 0, tables: [] },
      last_at: "2026-01-02T03:04:05.000Z",
    };
    await page.route(/\/statements\?/, (route) => route.fulfill({ json: [counted] }));
    await inShop("queries");
    const link = page.getByRole("link", { name: /onerror.*‹U\+202E›/ });
    await link.waitFor();
    expect((await link.textContent())!.length).toBeLessThan(2_000);
    await harmless();
    await page.unrouteAll({ behavior: "wait" });

    client.query(`select pg_sleep(3600) /* ${hostile} */`).catch(() => {});
    await inShop("live");
    const row = page.getByRole("row").filter({ hasText: "<b>app</b>" });
    await row.getByText(/onerror.*‹U\+202E›/).waitFor();
    await harmless();

    await postern.api("PUT", `/v1/databases/${shop.id}/state/tables`, { table: "item" });
    await ask("update item set note = $1 where id = 2", [hostile]);
    await ask("update item set note = repeat('x', 10000000) where id = 2");
    await inShop("history?table=item");
    await page.locator(".mutation").filter({ hasText: shownHostile }).first().waitFor();
    await page.locator(".mutation").filter({ hasText: "xxxxxxxx" }).first().waitFor();
    expect(await inPage<number>("document.body.textContent.length")).toBeLessThan(200_000);
    await harmless();

    await inShop("sql");
    await page.getByRole("textbox", { name: "SQL" }).click();
    await page.keyboard.type("select note, U&'\\202E\\0007a' as turned from item where id = 2");
    await page.keyboard.press("Control+Enter");
    await cell(0, 1).getByText("‹U+202E›␇a").waitFor();
    expect((await cell(0, 0).textContent())!.length).toBeLessThan(2_000);
    await harmless();
    expect(await tooWide()).toBe(0);
  });

  it("lists 5,000 tables on Data, Schema and in the editor's completion, searched, on narrow screens too", async () => {
    const catalog = await postern.api<Catalog>("GET", `/v1/databases/${shop.id}/catalog`);
    const [item] = catalog.tables;
    const name = (at: number) => `metric_${String(at).padStart(5, "0")}`;
    const target = { schema: "public", name: name(0) };
    const key = { name: "of", columns: ["id"], target, target_columns: ["id"] };
    const tables = Array.from({ length: 5_000 }, (_, at) => ({
      ...item!,
      name: name(at),
      foreign_keys: at === 0 ? [] : [{ ...key, on_delete: "no action", on_update: "no action" }],
    }));
    const body = JSON.stringify({ ...catalog, tables: [item, ...tables] });
    await page.route(/\/catalog$/, (route) => route.fulfill({ body, contentType: "application/json" }));
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await inShop("data?table=item");
      await page.getByLabel("Search tables").fill("metric_04999");
      await page.getByRole("navigation", { name: "Tables" }).getByText("metric_04999").waitFor();
      expect(await inPage<number>("document.querySelectorAll('*').length")).toBeLessThan(3_000);
      expect(await tooWide()).toBe(0);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await inShop("schema");
    await button("Relations").click();
    await page.getByText("The first 60 of 5 000 tables are drawn").waitFor();
    await page.getByText("250 of 4 999").waitFor();
    await inShop("sql");
    await page.getByRole("textbox", { name: "SQL" }).click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("select * from metric_0499");
    await page.locator(".cm-tooltip-autocomplete").getByText("metric_04998").waitFor();
    await page.keyboard.press("Escape");
    await page.unrouteAll({ behavior: "wait" });
  });

  it("lists 5,000 databases on the machine's page, the busiest first, and finds one of them", async () => {
    const databases = Array.from({ length: 5_000 }, (_, at) => ({
      ...{ id: `db-${at}`, name: `tenant-${String(at).padStart(5, "0")}`, status: "ready", sessions: 0 },
      ...{ active: 0, waiting: 0, statements_per_s: at === 4_321 ? 9.5 : 0, mean_ms: 0, max_ms: 0 },
    }));
    await page.route(/\/v1\/live$/, (route) => route.fulfill({ json: { databases, slow: [] } }));
    await open("/machine");
    const rows = page.getByRole("table", { name: "Databases at work" }).getByRole("row");
    await rows.nth(1).getByText("tenant-04321").waitFor();
    expect(await rows.count()).toBe(26);
    await page.keyboard.press("/");
    await page.keyboard.type("04999");
    await rows.nth(1).getByText("tenant-04999").waitFor();
    expect(await rows.count()).toBe(2);
    await page.unrouteAll({ behavior: "wait" });
  });

  it("says which registered instance a database is on, and how all of them are", async () => {
    const info = await postern.api<DatabaseInfo>("GET", `/v1/databases/${shop.id}`);
    const external = { id: "ins-000000000001", name: "frankfurt", status: "read_only", reason: "A standby." };
    const placed: DatabaseInfo = { ...info, isolation: "external", external_instance: external };
    const instance: RegisteredInstance = {
      ...{ ...external, status: "read_only", since: info.created_at, code: null, draining: false },
      ...{ hosts: ["10.0.0.1:5432"], database: "postgres", user: "boss", tls: "verify-full" },
      ...{ version: "16.4", superuser: false, classes: ["db.p1"], labels: { region: "eu" }, capacity: 10 },
      ...{ databases: 1, max_connections: 80, promised_connections: 40, latency_ms: 12.5 },
      ...{ system_identifier: null, extensions: [], warnings: [], checked_at: info.created_at },
      created_at: info.created_at,
    };
    await page.route(`**/console/v1/databases/${shop.id}`, (route) => route.fulfill({ json: placed }));
    await page.route(/\/console\/admin\/managed-db\/instances$/, (route) =>
      route.fulfill({ json: [instance] }),
    );
    await inShop();
    await page.locator(".fact").filter({ hasText: "Runs on" }).getByText("frankfurt").waitFor();
    await page.locator(".fact").filter({ hasText: "A standby." }).getByText("read only").waitFor();
    await inShop("settings");
    await page.getByText("shop is on frankfurt, a server that Postern does not run").waitFor();
    await open("/machine");
    const row = page.getByRole("table", { name: "Registered instances" }).getByRole("row").nth(1);
    for (const text of ["frankfurt", "10.0.0.1:5432", "read only", "1 of 10", "13 ms", "40 of 80", "16.4"])
      expect(await row.textContent()).toContain(text);
    await page.unrouteAll({ behavior: "wait" });
    expect(faults).toEqual([]);
  });
});
