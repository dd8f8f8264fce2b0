/** The console as people use it: a real browser against a real daemon, each page for what it is there for. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { BackupInfo, ConsoleLink, CreatedDatabase, OperationInfo } from "@postern/sdk/protocol";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, howToGetChromium } from "../support/find-chromium.ts";
import { openBrowser, type TestBrowser } from "../support/open-browser.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

const chromiumPath = findChromium();
if (chromiumPath === undefined) console.warn(`test/browser is skipped: ${howToGetChromium}`);

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const hostile = `<img src=x onerror="window.hacked=1">\u202e`;

let postern: PosternHome;
let browser: TestBrowser;
let page: Page;
let shop: CreatedDatabase;
/** What no page may say to the browser's log. */
const complaints: string[] = [];

const at = (path: string) => `${postern.apiUrl()}/console${path}`;
const inShop = (path = "") => at(`/db/${shop.id}${path}`);
const asOwner = (sql: string) =>
  postern.api("POST", `/v1/db/${shop.id}/query`, { sql }, shop.token) as Promise<{ rows: unknown[] }>;
const operationOf = async (kind: string) =>
  (await postern.api<OperationInfo[]>("GET", "/v1/operations?limit=20")).find((one) => one.kind === kind)!;

async function signIn(path = "/"): Promise<void> {
  const { url } = await postern.api<ConsoleLink>("POST", "/v1/console/links");
  await page.goto(at(path) + new URL(url).hash);
  await page.locator(".shell").waitFor();
}

const button = (name: string) => page.getByRole("button", { name, exact: true });

/** What axe finds serious, by all of its rules or by one. */
function findBarriers(rule?: string): Promise<string[]> {
  return page.evaluate(async (only) => {
    interface Found {
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    }
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<Found> } };
    const { violations } = await axe.run(only ? { runOnly: [only] } : {});
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id} ${nodes[0]?.html}`);
  }, rule);
}
const dialog = () => page.getByRole("dialog");

describe.skipIf(chromiumPath === undefined)("the console", () => {
  beforeAll(async () => {
    [postern, browser] = await Promise.all([createPosternHome(), openBrowser(chromiumPath!)]);
    await postern.start();
    shop = await postern.api("POST", "/v1/databases", { name: "shop" });
    await asOwner("create table item as select n as id from generate_series(1, 100) n");
    page = await browser.context.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // Refusals are answers that pages show.
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
        complaints.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await postern?.close();
  });

  it("lets nobody in without a key, tells why, and lets in with one, at the address asked for", async () => {
    await page.goto(inShop("/backups"));
    await page.getByRole("textbox", { name: "API key" }).fill(`pk_${"0".repeat(64)}`);
    await button("Sign in").click();
    await page.getByRole("alert").getByText("Y2002").waitFor();
    await page.getByRole("textbox", { name: "API key" }).fill(postern.apiKey());
    await button("Sign in").click();
    await page.getByRole("heading", { name: "Backups", level: 1 }).waitFor();
    await button("Sign out").click();
    await page.getByRole("textbox", { name: "API key" }).waitFor();
  });

  it("lets in by a link, also where the page is open already, which stays in no address", async () => {
    await page.goto(at("/"));
    await page.getByRole("textbox", { name: "API key" }).waitFor();
    await signIn();
    expect(page.url()).toBe(at("/"));
    await page.getByRole("link", { name: "shop" }).waitFor();
  });

  it("lists, searches, and leads by link, back button and keys", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("nothing of that name");
    await page.getByText("No database is called that.").waitFor();
    await button("Clear the search").click();
    await page.getByRole("link", { name: "shop" }).click();
    await page.getByRole("heading", { name: "shop" }).waitFor();
    await page.getByText("It answers queries").waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Databases", level: 1 }).waitFor();
    // Typed without waiting, on a machine that draws late.
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 12 });
    await page.keyboard.press("Control+k");
    await page.keyboard.type("shop");
    await page.keyboard.press("Enter");
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
    await page.getByRole("heading", { name: "shop" }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("b");
    await page.getByRole("heading", { name: "Backups", level: 1 }).waitFor();
    await page.keyboard.press("?");
    await dialog().getByText("This overview").waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
  });

  it("asks before it changes anything, backs up, and shows the work until it is done", async () => {
    await page.goto(inShop("/backups"));
    await button("Back up now").click();
    await dialog().getByText("Unlock changes?").waitFor();
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    expect(await postern.api("GET", `/v1/databases/${shop.id}/backups`)).toEqual([]);
    await button("Back up now").click();
    await button("Unlock for 30 minutes").click();
    await page.getByRole("table", { name: "Backups" }).getByText("complete").waitFor();
  });

  it("restores what was damaged, once the name is typed", async () => {
    await asOwner("delete from item");
    await button("Restore").click();
    await dialog().getByText("Becomes").waitFor();
    expect(await button("Restore it").isDisabled()).toBe(true);
    await page.getByLabel("Type shop to confirm").fill("shop");
    await button("Restore it").click();
    await dialog().waitFor({ state: "detached" });
    const { id } = await operationOf("restore_backup");
    await page.goto(at(`/operations/${id}`));
    await page.locator(".badge", { hasText: "completed" }).waitFor();
    expect((await asOwner("select count(*)::int as n from item")).rows).toEqual([{ n: 100 }]);
  });

  it("verifies, downloads and deletes a backup", async () => {
    const [backup] = (await postern.api<BackupInfo[]>("GET", `/v1/databases/${shop.id}/backups`)).filter(
      ({ kind }) => kind === "manual",
    );
    await page.goto(inShop("/backups"));
    const row = page.getByRole("row").filter({ hasText: backup!.id });
    await row.getByRole("button", { name: "Verify by a trial restore" }).click();
    await row.getByText("verified").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      row.getByRole("button", { name: "Download" }).click(),
    ]);
    expect((await readFile(await download.path())).subarray(0, 5).toString()).toBe("PGDMP");
    await row.getByRole("button", { name: "Delete" }).click();
    await button("Delete it").click();
    await row.waitFor({ state: "detached" });
  });

  it("compares migration files, applies what is pending, and names what drifted", async () => {
    await page.goto(inShop("/migrations"));
    const files = (sql: string) => [
      { name: "001_users.sql", mimeType: "text/plain", buffer: Buffer.from("create table users (id int);") },
      { name: "002_posts.sql", mimeType: "text/plain", buffer: Buffer.from(sql) },
    ];
    const input = page.locator("input[type=file]");
    await input.setInputFiles(files("create table posts (id int);"));
    await button("Apply 2 files").click();
    const compared = page.getByRole("table", { name: "Files compared" });
    await compared.getByText("applied").nth(1).waitFor();
    await page.reload();
    await page.getByRole("table", { name: "Applied migrations" }).getByText("002_posts.sql").waitFor();
    await input.setInputFiles(files("create table posts (id bigint);"));
    await page.getByText("1 file drifted").waitFor();
  });

  it("makes and revokes tokens, whose labels are text and nothing else", async () => {
    await page.goto(inShop("/access"));
    await postern.api("POST", `/v1/databases/${shop.id}/tokens`, { label: hostile.slice(0, -1) });
    await button("New token").click();
    await page.getByLabel("What it is for").fill("report");
    await button("Make it").click();
    const token = await dialog().locator(".copyable-text").textContent();
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    await button("I have it").click();
    await page.getByText(hostile.slice(0, -1)).waitFor();
    expect(await page.evaluate("[typeof hacked, document.images.length]")).toEqual(["undefined", 0]);
    await page.getByRole("row").filter({ hasText: "report" }).getByRole("button", { name: "Revoke" }).click();
    await button("Revoke it").click();
    await page.getByRole("row").filter({ hasText: "report" }).waitFor({ state: "detached" });
    await expect(
      postern.api("POST", `/v1/db/${shop.id}/query`, { sql: "select 1" }, token!),
    ).rejects.toMatchObject({ code: "Y2002" });
  });

  it("makes a branch and destroys it, once its name is typed", async () => {
    await page.goto(inShop("/branches"));
    await button("New branch").click();
    await page.getByLabel("Name").fill("try-it");
    await button("Make it").click();
    await button("Done").click();
    await page.getByRole("row").filter({ hasText: "try-it" }).getByText("ready").waitFor();
    await page.getByRole("link", { name: "try-it", exact: true }).click();
    await page.getByRole("heading", { name: "try-it" }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await button("Destroy").click();
    await page.getByLabel("Type try-it to confirm").fill("try-it");
    await page.getByLabel("Keep a last backup").uncheck();
    await button("Destroy it").click();
    await page.getByRole("heading", { name: "Databases", level: 1 }).waitFor();
    await page.getByRole("link", { name: "try-it", exact: true }).waitFor({ state: "detached" });
  });

  it("shows the machine, and the sessions, of which one can be ended", async () => {
    await page.goto(at("/machine"));
    await page.getByRole("table", { name: "Servers" }).getByText("shared").first().waitFor();
    await page.goto(at("/account"));
    await page.getByText("this one").waitFor();
  });

  it("is for everybody and fits every screen: 390, 1024 and 200 % of 1440, light and dark", async () => {
    const ofShop = ["", "/backups", "/migrations", "/branches", "/access", "/operations", "/settings"];
    const found: string[] = [];
    await page.emulateMedia({ reducedMotion: "reduce" });
    for (const path of [
      "/",
      "/machine",
      "/operations",
      "/account",
      ...ofShop.map((end) => `/db/${shop.id}${end}`),
    ]) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(at(path));
      await page.locator("h1").waitFor();
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
      // Past the policy of the page, as a tool of the browser's.
      await page.evaluate(axe);
      found.push(...(await findBarriers()).map((barrier) => `${path}: ${barrier}`));
      await page.emulateMedia({ colorScheme: "dark" });
      found.push(...(await findBarriers("color-contrast")).map((barrier) => `${path}, dark: ${barrier}`));
      for (const width of [390, 720, 1024]) {
        await page.setViewportSize({ width, height: 800 });
        const over = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        if (over > 0) found.push(`${path} at ${width}: ${over} too wide`);
      }
      await page.setViewportSize({ width: 1280, height: 720 });
    }
    expect(found).toEqual([]);
  });

  it("keeps to the colours that were chosen, from the first paint on", async () => {
    await page.goto(at("/"));
    await page.getByRole("button", { name: /^Colours/ }).click();
    await page.getByRole("button", { name: "Colours: light" }).click();
    await page.reload();
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
  });

  it("says so while Postern does not answer, and goes on when it does", async () => {
    await signIn(`/db/${shop.id}`);
    await page.getByText("It answers queries").waitFor();
    await browser.context.setOffline(true);
    await page.getByText("Postern does not answer. What you see may be old").waitFor();
    await browser.context.setOffline(false);
    await page.getByText("Postern does not answer. What you see may be old").waitFor({ state: "detached" });
  });

  it("goes back to signing in when its session was ended elsewhere", async () => {
    await page.goto(at("/machine"));
    await page.locator(".shell").waitFor();
    const cookies = await browser.context.cookies();
    expect(cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path }))).toEqual([
      { httpOnly: true, sameSite: "Strict", path: "/console" },
    ]);
    await browser.context.clearCookies();
    await page.getByRole("textbox", { name: "API key" }).waitFor();
  });

  it("says nothing to the browser's log", () => {
    expect(complaints.filter((text) => !/ERR_INTERNET_DISCONNECTED/.test(text))).toEqual([]);
  });
});
