/** Every dialog of the console, by keyboard alone: opened, walked through, closed; for everybody, in both colours, at 200 %. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { BackupStatusInfo, CreatedDatabase, DatabaseAdvice, DatabaseInfo } from "@postern/sdk/protocol";
import pg from "pg";
import type { Locator, Page } from "playwright-core";
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
let sleeper: pg.Client;

const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true }).first();
const dialog = () => page.getByRole("dialog");
const cell = (row: number, column: number) => page.locator(`[data-spot="${row},${column}"]`);
const inPage = <Value>(script: string) => page.evaluate(script) as Promise<Value>;
const inShop = (rest: string) => `/db/${shop.id}/${rest}`;

interface Case {
  title: string;
  path: string;
  /** What has the focus before, and again afterwards. */
  from: () => Locator;
  key?: string;
  first?: () => Promise<unknown>;
  /** Before the page is opened. */
  before?: () => Promise<unknown>;
}

const at = "2026-01-02T03:04:05.000Z";

/** Of what takes long to come about for real, the page is told that it is there. */
async function pretend(): Promise<void> {
  const path = `/v1/databases/${shop.id}`;
  const info = await postern.api<DatabaseInfo>("GET", path);
  const status = await postern.api<BackupStatusInfo>("GET", `${path}/backup-status`);
  const backup = {
    ...{ id: "bkp-000000000001", database_id: shop.id, database_name: "shop", kind: "manual" },
    ...{ status: "completed", created_at: at, finished_at: at, expires_at: null, size_bytes: 1_000 },
    ...{ checksum: null, version: "17.1", error: null, verified_at: null, verification: null },
    ...{ store: "local", encrypted: false },
  };
  const advice: DatabaseAdvice["indexes"][number] = {
    ...{
      kind: "missing_index",
      table: "item",
      columns: ["name"],
      index: null,
      reason: "read from end to end",
    },
    ...{ calls: 9, total_ms: 90, statements: [], cost_before: 900, cost_after: 9, cost_after_guess: 9 },
    ...{ size_bytes: null, run: "CREATE INDEX CONCURRENTLY ON item(name);" },
  };
  const answers: [RegExp, unknown][] = [
    [/v1\/databases\/[^/]+\/backups$/, [backup]],
    [
      /\/backup-status$/,
      {
        ...status,
        point_in_time: { ...status.point_in_time, status: "on", earliest: at, latest: info.created_at },
      },
    ],
    [
      /\/restored$/,
      [{ ...info, id: "db-000000000001", name: "shop-then", restored_from: shop.id, restored_to: at }],
    ],
    [/\/advice$/, { awake: true, statements: 1, indexes: [advice] }],
  ];
  for (const [ends, json] of answers) await page.route(ends, (route) => route.fulfill({ json }));
}

async function pretendBranch(): Promise<void> {
  const info = await postern.api<DatabaseInfo>("GET", `/v1/databases/${shop.id}`);
  const json = { ...info, parent_id: "db-000000000002", branched_at: at };
  await page.route(`**/console/v1/databases/${shop.id}`, (route) => route.fulfill({ json }));
}

const cases = (): Case[] => [
  { title: "New database", path: "/", from: () => button("New database") },
  { title: "Keys", path: "/", from: () => button("New database"), key: "?" },
  { title: "Go to", path: "/", from: () => button(/^Go to/) },
  { title: "Unlock changes?", path: "/", from: () => button("Read-only") },
  { title: "New token", path: inShop("access"), from: () => button("New token") },
  { title: "Revoke this token?", path: inShop("access"), from: () => button("Revoke") },
  { title: "Client access", path: inShop("access"), from: () => button("Switch on") },
  { title: "Rotate the owner's secrets?", path: inShop("access"), from: () => button("Rotate") },
  { title: "Restore shop", path: inShop("backups"), from: () => button("Restore") },
  { title: "Delete this backup?", path: inShop("backups"), from: () => button("Delete") },
  { title: "Back to a moment", path: inShop("backups"), from: () => button("Back to a moment") },
  { title: "Put shop-then in the place of shop?", path: inShop("backups"), from: () => button("Promote") },
  { title: "Drop shop-then?", path: inShop("backups"), from: () => button("Drop shop-then") },
  {
    title: "Move shop to db.p2?",
    path: inShop("settings"),
    from: () => button("Change class"),
    first: () => page.getByLabel("Class", { exact: true }).selectOption("db.p2"),
  },
  { title: "Destroy shop?", path: inShop("settings"), from: () => button("Destroy") },
  { title: "id", path: inShop("data?table=item"), from: () => cell(0, 0) },
  { title: "New row in item", path: inShop("data?table=item"), from: () => button("New row") },
  {
    title: "Write 1 change",
    path: inShop("data?table=item"),
    from: () => button("Review 1 change"),
    first: async () => {
      await cell(0, 1).getByText("c").waitFor();
      await cell(0, 0).focus();
      await page.keyboard.press("Delete");
    },
  },
  {
    title: "What was run here",
    path: inShop("sql"),
    from: () => button("History"),
    // It takes the focus when it has come.
    first: () =>
      waitUntil("the editor has come", () => inPage<boolean>("!!document.activeElement.shadowRoot")),
  },
  { title: "Make this index?", path: inShop("queries?view=advice"), from: () => button("Make it") },
  { title: "Cancel what", path: inShop("live"), from: () => button("Cancel") },
  { title: "End session", path: inShop("live"), from: () => button(/^End session/) },
  { title: "item 1, as of", path: inShop("history?table=item"), from: () => button("As of then") },
  { title: "New branch of shop", path: inShop("branches"), from: () => button("New branch") },
  {
    title: "Reset this branch?",
    path: inShop("branches"),
    from: () => button("Reset"),
    before: pretendBranch,
  },
  { title: "Promote this branch?", path: inShop("branches"), from: () => button("Promote") },
];

const focusIs = (where: string) =>
  inPage<boolean>(`(() => { const here = document.activeElement;
    return ${where === "dialog" ? "here === document.body || here.closest('dialog') !== null" : where}; })()`);

/** Of what is in sight, so that what lies behind does not count. */
const barriers = (rules: string) =>
  inPage<string[]>(`axe.run("dialog", ${rules}).then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => id + " " + nodes[0].html))`);

async function examine({ title, from, key = "Enter", first }: Case): Promise<string[]> {
  const found: string[] = [];
  await first?.();
  const origin = await from().elementHandle();
  await origin!.evaluate((element) => (element as unknown as { focus(): void }).focus());
  await page.keyboard.press(key);
  await dialog().waitFor();
  const name =
    title === "Go to"
      ? await dialog().getAttribute("aria-label")
      : await dialog().locator("h2").textContent();
  if (!name?.startsWith(title)) found.push(`is called ${name}`);
  if (!(await focusIs("here.closest('dialog') !== null"))) found.push("does not take the focus");
  const stops = await dialog().locator("button, input, select, textarea, a, summary").count();
  for (let press = 0; press < Math.min(stops + 2, 12); press += 1) {
    await page.keyboard.press("Tab");
    if (!(await focusIs("dialog"))) found.push(`loses the focus at the Tab number ${press + 1}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  found.push(...(await barriers("{}")));
  await page.emulateMedia({ colorScheme: "dark" });
  found.push(...(await barriers('{ runOnly: ["color-contrast"] }')).map((one) => `dark: ${one}`));
  for (const [width, height] of [
    [640, 400],
    [390, 700],
  ] as const) {
    await page.setViewportSize({ width, height });
    const over = await inPage<string>(`(() => { const dialog = document.querySelector("dialog[open]");
      const { left, right, top, bottom } = dialog.getBoundingClientRect();
      const wide = Math.max(...[dialog, ...dialog.querySelectorAll("form, .dialog-body, .dialog-head, .dialog-actions")].map((part) => part.scrollWidth - part.clientWidth));
      return left < 0 || right > innerWidth || top < 0 || bottom > innerHeight || wide > 1 ? [left, right, top, bottom, wide].join(" ") : ""; })()`);
    if (over !== "") found.push(`does not fit ${width} by ${height}: ${over}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
  const isBack = () => origin!.evaluate((element) => element === element.ownerDocument!.activeElement);
  await waitUntil("the focus is back", isBack, 5_000).catch(async () => {
    found.push(`gives the focus to ${await inPage("document.activeElement.outerHTML.slice(0, 90)")}`);
  });
  return found.map((what) => `${title} ${what}`);
}

// Two dozen dialogs, each looked at from all sides, which busy machines take their time for.
describe.skipIf(chromiumPath === undefined)("the console's dialogs", { timeout: 400_000 }, () => {
  beforeAll(async () => {
    [postern, browser] = await Promise.all([createPosternHome(), openBrowser(chromiumPath!)]);
    await postern.start();
    shop = await postern.api("POST", "/v1/databases", { name: "shop" });
    const path = `/v1/db/${shop.id}`;
    for (const sql of [
      "create table item (id int primary key, name text)",
      "insert into item values (1, 'a'), (2, 'b')",
    ])
      await postern.api("POST", `${path}/query`, { sql }, shop.token);
    await postern.api("PUT", `/v1/databases/${shop.id}/state/tables`, { table: "item" });
    await postern.api(
      "POST",
      `${path}/query`,
      { sql: "update item set name = 'c' where id = 1" },
      shop.token,
    );
    const { direct } = await postern.api<{ direct: string }>("GET", `/v1/databases/${shop.id}/urls`);
    sleeper = new pg.Client({ connectionString: direct, application_name: "sleeper" });
    sleeper.on("error", () => {});
    await sleeper.connect();
    sleeper.query("select pg_sleep(3600)").catch(() => {});
    page = await browser.context.newPage();
    page.setDefaultTimeout(40_000);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ reducedMotion: "reduce" });
    const { url } = await postern.api<{ url: string }>("POST", "/v1/console/links");
    await page.goto(url);
    await page.getByRole("heading", { name: "Databases" }).waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await postern?.close();
    await sleeper?.end().catch(() => {});
  });

  it("take the focus and keep it, are for everybody, fit at 200 %, and give the focus back", async () => {
    const axe = await readFile(axeFile, "utf8");
    const found: string[] = [];
    let shown = "";
    await pretend();
    for (const one of cases()) {
      await one.before?.();
      if (one.path !== shown || one.first || one.before) {
        await page.goto(`${postern.apiUrl()}/console${one.path}`);
        await page.evaluate(axe);
      }
      shown = one.path;
      try {
        found.push(...(await examine(one)));
      } catch (error) {
        found.push(`${one.title}: ${(error as Error).message.split("\n")[0]}`);
        shown = "";
      }
      // From there on everything can be changed.
      if (one.title !== "Unlock changes?") continue;
      await button("Read-only").focus();
      await page.keyboard.press("Enter");
      await button("Unlock for 30 minutes").focus();
      await page.keyboard.press("Enter");
      await dialog().waitFor({ state: "detached" });
    }
    expect(found).toEqual([]);
  });
});
