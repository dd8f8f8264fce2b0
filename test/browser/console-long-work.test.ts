/** The console where work is long and lists are longer, against a live daemon: back to a moment, who did what, one stream for all. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type {
  AuditEntry,
  CreatedDatabase,
  DatabaseInfo,
  OperationInfo,
  PointInTimeInfo,
} from "@postern/sdk/protocol";
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
let page: Page;
let shop: CreatedDatabase;
const faults: string[] = [];

const hostile = `<img src=x onerror="window.hacked=1">\u202e\u0007`;
const ask = <Row>(sql: string, { id, token } = shop) =>
  postern.api<{ rows: Row[] }>("POST", `/v1/db/${id}/query`, { sql }, token).then(({ rows }) => rows);
const open = (path: string) => page.goto(`${postern.apiUrl()}/console${path}`);
const inShop = (rest: string) => open(`/db/${shop.id}/${rest}`);
const button = (name: string) => page.getByRole("button", { name, exact: true });
const dialog = () => page.getByRole("dialog");
const inPage = <Value>(script: string) => page.evaluate(script) as Promise<Value>;
const madeOfMoment = (name: string) =>
  page.getByRole("table", { name: "Databases made of a moment" }).getByRole("row").filter({ hasText: name });
const operations = () => postern.api<OperationInfo[]>("GET", "/v1/operations?limit=1000");

// Each leads through several pages, which busy machines take their time for.
describe.skipIf(chromiumPath === undefined)("the console's long work", { timeout: 180_000 }, () => {
  beforeAll(async () => {
    [postern, browser] = await Promise.all([
      createPosternHome({ POSTERN_PITR: "on" }),
      openBrowser(chromiumPath!),
    ]);
    await postern.start();
    shop = await postern.api("POST", "/v1/databases", { name: "shop" });
    page = await browser.context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => faults.push(error.message));
    const { url } = await postern.api<{ url: string }>("POST", "/v1/console/links");
    await page.goto(url);
    await page.getByRole("heading", { name: "Databases" }).waitFor();
    await button("Read-only").click();
    await button("Unlock for 30 minutes").click();
    await dialog().waitFor({ state: "detached" });
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await postern?.close();
  });

  it("goes back to a moment, looks whether it is right, and puts what was made of it in the place of its source", async () => {
    await ask("create table item (id int primary key)");
    await ask("insert into item select generate_series(1, 100)");
    const { id } = await postern.api<OperationInfo>("PUT", `/v1/databases/${shop.id}/point-in-time`, {});
    await waitUntil("what was written is within the window", async () => {
      const { status } = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=20`);
      if (status !== "completed") return false;
      const { earliest } = await postern.api<PointInTimeInfo>(
        "GET",
        `/v1/databases/${shop.id}/point-in-time`,
      );
      return earliest !== null && Date.now() > Date.parse(earliest);
    });
    const [{ now }] = (await ask<{ now: string }>("select clock_timestamp()::text as now")) as [
      { now: string },
    ];
    // The field of the dialog knows seconds.
    await waitUntil("another second", async () => Date.now() > Date.parse(now) + 1_000);
    const moment = new Date(Date.parse(now) + 1_000);
    await waitUntil("the moment has passed", async () => Date.now() > moment.getTime() + 1_000);
    await ask("delete from item");
    await inShop("backups");
    await button("Back to a moment").click();
    await page.getByRole("textbox", { name: "Moment" }).fill(await inPage<string>(localText(moment)));
    await page.getByLabel("Name of the new database").fill("shop-then");
    await button("Make a database of then").click();
    await dialog().getByText("This is the only time").waitFor();
    await button("Done").click();
    await madeOfMoment("shop-then").getByText("ready").waitFor();
    await page.getByRole("link", { name: "shop-then" }).first().click();
    await page.getByRole("link", { name: "item" }).first().click();
    await page.getByText("100 rows").waitFor();
    await inShop("backups");
    await button("Promote").click();
    await page.getByLabel("Type shop to confirm").fill("shop");
    await button("Promote it").click();
    await page.locator(".tray").getByText("Promote shop-then").waitFor();
    await page.locator(".tray-good").waitFor();
    expect(await ask("select count(*)::int as n from item")).toEqual([{ n: 100 }]);
  });

  it("drops what was made of a moment, once its name is typed", async () => {
    // Any database will do: what counts is what becomes of it.
    const copy = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "shop-wrong" });
    const info = await postern.api<DatabaseInfo>("GET", `/v1/databases/${copy.id}`);
    await page.route(/\/restored$/, async (route) => {
      const all = await postern.api<DatabaseInfo[]>("GET", "/v1/databases");
      const made = { ...info, restored_from: shop.id, restored_to: "2026-01-02T03:04:05.000Z" };
      await route.fulfill({ json: all.some(({ id }) => id === copy.id) ? [made] : [] });
    });
    await inShop("backups");
    const row = madeOfMoment("shop-wrong");
    await row.getByRole("button", { name: "Drop shop-wrong" }).click();
    expect(await button("Drop it").isDisabled()).toBe(true);
    await page.getByLabel("Type shop-wrong to confirm").fill("shop-wrong");
    await button("Drop it").click();
    await row.waitFor({ state: "detached" });
    await page.unrouteAll({ behavior: "wait" });
    const names = (await postern.api<DatabaseInfo[]>("GET", "/v1/databases")).map(({ name }) => name);
    expect(names).not.toContain("shop-wrong");
  });

  it("shows work that others begin, over one stream, which is opened again when it breaks", async () => {
    await inShop("operations");
    const list = page.getByRole("list", { name: "Operations" });
    await list.waitFor();
    const backUp = () => postern.api("POST", `/v1/databases/${shop.id}/backups`, {});
    const before = await list.getByRole("listitem").count();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await backUp();
    await waitUntil("it is shown", async () => (await list.getByRole("listitem").count()) > before);
    expect(asked.filter((path) => /operations\/[^/]+\/events$/.test(path))).toEqual([]);
    await browser.context.setOffline(true);
    await page.getByText("Postern does not answer. What you see may be old").waitFor();
    await backUp();
    await browser.context.setOffline(false);
    await waitUntil("both are shown", async () => (await list.getByRole("listitem").count()) > before + 1);
    page.removeAllListeners("request");
  });

  it("tells who did what, filtered and leafed through by the server", async () => {
    await postern.api("POST", `/v1/databases/${shop.id}/tokens`, { label: "for the audit" });
    await postern.api("POST", "/v1/databases", { name: "shop" }).catch(() => {});
    await open("/audit");
    const rows = page.getByRole("table", { name: "Audit" }).getByRole("row");
    await rows.filter({ hasText: "Create token" }).first().waitFor();
    await page.getByLabel("Outcome").selectOption("refused");
    await rows.filter({ hasText: "Create database" }).first().waitFor();
    await rows.filter({ hasText: "Create token" }).first().waitFor({ state: "detached" });
    expect(new URL(page.url()).searchParams.get("outcome")).toBe("refused");
    await page.getByLabel("Who").fill("nobody-of-that-name");
    await button("Look").click();
    await page.getByText("Nothing like that was done.").waitFor();
    await button("Clear the filters").click();
    await rows.filter({ hasText: "Create token" }).first().waitFor();
    const all = await postern.api<AuditEntry[]>("GET", "/v1/audit?limit=1000");
    const older = await postern.api<AuditEntry[]>("GET", `/v1/audit?limit=2&before=${all[0]!.id}`);
    expect(older).toEqual(all.slice(1, 3));
    const work = await operations();
    expect(await postern.api("GET", `/v1/operations?limit=2&before=${work[0]!.id}`)).toEqual(
      work.slice(1, 3),
    );
  });

  it("shows names as text, whatever they hold", async () => {
    const entry: AuditEntry = {
      id: "1",
      at: "2026-01-02T03:04:05.000Z",
      request_id: hostile,
      actor: { kind: "account", id: "acc", name: hostile, key_id: null },
      action: "createDatabase",
      target: `${hostile}${"x".repeat(5_000)}`,
      outcome: "failed",
      status: 500,
      code: "Y0001",
    };
    await page.route(/\/v1\/audit\?/, (route) => route.fulfill({ json: [entry] }));
    await open("/audit");
    await page.getByText("‹U+202E›␇").first().waitFor();
    expect(
      await inPage(
        "[typeof hacked, document.images.length, document.documentElement.scrollWidth - innerWidth]",
      ),
    ).toEqual(["undefined", 0, 0]);
    await page.unrouteAll();
  });

  it("draws of lists of 5,000 entries what a person can see, on every page that has one", async () => {
    const wrong: string[] = [];
    const lists = longLists(shop.id);
    for (const { ends, entry } of lists) {
      const body = JSON.stringify(Array.from({ length: 5_000 }, (_, at) => entry(at)));
      await page.route(ends, (route) => route.fulfill({ body, contentType: "application/json" }));
    }
    await inShop("settings");
    for (const { menu, show } of lists) {
      await page.getByRole("link", { name: menu, exact: true }).first().click();
      await page.getByRole("heading", { name: menu, level: 1 }).waitFor();
      const first = page.locator("table").getByText(show, { exact: true }).first();
      await first.waitFor({ timeout: 30_000 }).catch(() => wrong.push(`${menu} does not show ${show}`));
      const drawn = await page.locator("tbody tr").count();
      if (drawn > 300) wrong.push(`${menu} draws ${drawn} rows`);
      if (menu === "Audit") await page.goBack();
    }
    await page.unrouteAll({ behavior: "wait" });
    expect(wrong).toEqual([]);
  });

  it("is for everybody: audit and operations, in both colours, at every width", async () => {
    const found: string[] = [];
    await page.emulateMedia({ reducedMotion: "reduce" });
    const axe = await readFile(axeFile, "utf8");
    for (const path of ["/audit", "/operations"]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await open(path);
        await page.locator("h1").waitFor();
        await page.locator(".skeleton").first().waitFor({ state: "detached" });
        await page.evaluate(axe);
        const serious = await inPage<string[]>(`axe.run().then(({ violations }) => violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => id + " " + nodes[0].html))`);
        found.push(...serious.map((one) => `${path} ${colorScheme}: ${one}`));
      }
      for (const width of [390, 720, 1024]) {
        await page.setViewportSize({ width, height: 800 });
        const over = await inPage<number>("document.documentElement.scrollWidth - innerWidth");
        if (over > 0) found.push(`${path} at ${width}: ${over} too wide`);
      }
      await page.setViewportSize({ width: 1280, height: 720 });
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
  });
});

/** As a field for date and time takes it, in the browser's own time. */
const localText = (at: Date) => `(() => {
  const date = new Date(${at.getTime()});
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
})()`;

interface LongList {
  /** Of its page, in the menu. */
  menu: string;
  /** What the page asks for it. */
  ends: RegExp;
  entry: (at: number) => unknown;
  /** Of the first entries. */
  show: string;
}

function longLists(database: string): LongList[] {
  const at = "2026-01-02T03:04:05.000Z";
  const named = (n: number) => `entry_${String(n).padStart(5, "0")}`;
  const show = named(7);
  return [
    {
      menu: "Audit",
      ends: /\/v1\/audit\?/,
      entry: (n) => ({
        ...{ id: String(n), at, request_id: `r${n}`, action: "createToken", target: named(n) },
        ...{
          actor: { kind: "account", id: "a", name: "root", key_id: null },
          outcome: "done",
          status: 200,
          code: null,
        },
      }),
      show,
    },
    {
      menu: "Access",
      ends: /\/tokens$/,
      entry: (n) => ({
        ...{
          id: `tok-${n}`,
          label: named(n),
          scope: "full",
          created_at: at,
          last_used_at: null,
          expires_at: null,
        },
      }),
      show,
    },
    {
      menu: "Backups",
      ends: /v1\/databases\/[^/]+\/backups$/,
      entry: (n) => ({
        ...{
          id: named(n),
          database_id: database,
          database_name: "shop",
          kind: "manual",
          status: "completed",
        },
        ...{
          created_at: at,
          finished_at: at,
          expires_at: null,
          size_bytes: 1_000,
          checksum: null,
          version: "17.1",
        },
        ...{ error: null, verified_at: null, verification: null, store: "local", encrypted: false },
      }),
      show,
    },
    {
      menu: "Branches",
      ends: /v1\/databases\/[^/]+\/branches$/,
      entry: (n) => ({
        ...{
          id: `db-${n}`,
          name: named(n),
          status: "ready",
          size_bytes: 1,
          branched_at: at,
          expires_at: null,
        },
      }),
      show,
    },
    {
      menu: "Queries",
      ends: /\/statements\?/,
      entry: (n) => ({
        ...{
          fingerprint: String(n).padStart(16, "0"),
          statement: named(n),
          calls: 5,
          total_ms: 1,
          mean_ms: 1,
        },
        ...{
          min_ms: 1,
          max_ms: 1,
          p50_ms: 1,
          p95_ms: 1,
          p99_ms: 1,
          rows: 1,
          errors: 0,
          last_at: at,
          tables: [],
        },
      }),
      show,
    },
    {
      menu: "History",
      ends: /\/state\/tables$/,
      entry: (n) => ({ table: named(n), captures: "all", primary_key: ["id"], masked: [] }),
      show,
    },
  ];
}
