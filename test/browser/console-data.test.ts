/** The pages in which people see their data, in a real browser against a live daemon. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { CreatedDatabase } from "@postern/sdk/protocol";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../support/find-chromium.ts";
import { openBrowser, type TestBrowser } from "../support/open-browser.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

const chromiumPath = findChromium();
const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let postern: PosternHome;
let browser: TestBrowser;
let database: CreatedDatabase;
let page: Page;
const faults: string[] = [];
/** Busy machines take their time. */
const soon = <Value>(read: () => Value) => expect.poll(read, { timeout: 20_000 });
/** What the page's own scripts see; these tests know no browser's types. */
const inPage = <Value>(script: string) => page.evaluate(script) as Promise<Value>;

describe.skipIf(chromiumPath === undefined)("the console's pages of data", () => {
  beforeAll(async () => {
    [postern, browser] = await Promise.all([createPosternHome(), openBrowser(chromiumPath!)]);
    await postern.start();
    database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "shop" });
    for (const sql of [
      "create table teams (id int primary key, name text)",
      "create table people (id bigint primary key, name text, team_id int references teams, note text)",
      "insert into teams values (1, 'first'), (2, 'second')",
      "insert into people select 9007199254740993 + n, 'person ' || n, 1 + n % 2, null from generate_series(1, 1000) n",
      "create table hostile (id int primary key, v text)",
      String.raw`insert into hostile values (1, '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>'),
        (2, E'a\u202Eb'), (3, repeat('x', 10000000)), (4, ''), (5, null)`,
      `create table wide (id int primary key, ${Array.from({ length: 199 }, (_, n) => `c${n} int default ${n}`).join(", ")})`,
      "insert into wide (id) select generate_series(1, 3000)",
      "create table papers (id int primary key, body jsonb)",
      `insert into papers values (1, '{"big": 12345678901234567890, "deep": {"list": [1, {"x": "<img src=y>", "y": 1, "z": 2}]}}')`,
      "analyze",
    ])
      await postern.api("POST", `/v1/db/${database.id}/execute`, { sql }, database.token);
    page = await browser.context.newPage();
    page.on("pageerror", (error) => faults.push(error.message));
    const { url } = await postern.api<{ url: string }>("POST", "/v1/console/links");
    await page.goto(url);
    await page.getByRole("heading", { name: "Databases" }).waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await postern?.close();
  });

  const open = (path: string) => page.goto(`${postern.apiUrl()}/console/db/${database.id}/${path}`);
  const cell = (row: number, column: number) => page.locator(`[data-spot="${row},${column}"]`);
  const seriousFaults = async (): Promise<string[]> => {
    // As a page's own policy lets no script in, the check comes in past it.
    await page.evaluate(await readFile(axeFile, "utf8"));
    return inPage<string[]>(`axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes[0].html))`);
  };

  it("show a table's rows without losing a digit, and lead along foreign keys", async () => {
    await open("data?table=people");
    await soon(() => cell(0, 0).textContent()).toBe("9007199254740994");
    await soon(() => page.getByText("1 000 rows").count()).toBe(1);
    expect(await cell(0, 3).textContent()).toBe("NULL");
    expect(await seriousFaults()).toEqual([]);
    await cell(0, 2).getByRole("link").click();
    await soon(() => cell(0, 1).textContent()).toBe("second");
    expect(new URL(page.url()).searchParams.get("filter")).toBe('[["id","eq","2"]]');
    await page.goBack();
    await soon(() => cell(0, 0).textContent()).toBe("9007199254740994");
  });

  it("show the row that a value names, by pointing at it and by the space bar", async () => {
    await open("data?table=people");
    const card = page.locator(".reference-card");
    await cell(0, 2).locator(".grid-link").hover();
    await card.getByText("second").waitFor();
    await page.mouse.move(0, 0);
    await card.waitFor({ state: "detached" });
    await cell(1, 2).focus();
    await page.keyboard.press("Space");
    await card.getByText("first").waitFor();
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "detached" });
  });

  it("show JSON as a tree, with every digit, and as text whatever is in it", async () => {
    await open("data?table=papers");
    await cell(0, 0).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    const tree = page.locator(".json-tree");
    await tree.getByText("12345678901234567890").waitFor();
    expect(await tree.getByText("<img src=y>").count()).toBe(0);
    await tree.locator("summary", { hasText: "[ 2 items ]" }).focus();
    await page.keyboard.press("Enter");
    await tree.getByText("{ 3 members }").click();
    await tree.getByText("“<img src=y>”").waitFor();
    expect(await inPage("document.images.length")).toBe(0);
    await page.getByRole("button", { name: "As it is" }).click();
    await page.locator(".cell-value").getByText('"deep": {"list"').waitFor();
    await page.keyboard.press("Escape");
  });

  it("are used by keyboard alone: moving, sorting, opening", async () => {
    await open("data?table=people");
    await cell(0, 0).waitFor();
    await cell(0, 0).focus();
    await page.keyboard.press("Control+ArrowDown");
    await soon(() => cell(999, 0).textContent()).toBe("9007199254741993");
    expect(await cell(999, 0).evaluate((element) => element === element.ownerDocument.activeElement)).toBe(
      true,
    );
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await soon(() => cell(0, 0).textContent()).toBe("9007199254741993");
    expect(await cell(-1, 0).getAttribute("aria-sort")).toBe("descending");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("person 1000").waitFor();
    await page.keyboard.press("Escape");
    await soon(() => cell(0, 1).evaluate((element) => element === element.ownerDocument.activeElement)).toBe(
      true,
    );
  });

  it("filter by a column and by SQL, and say when nothing matches", async () => {
    await open("data?table=people");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByLabel("Column", { exact: true }).selectOption("name");
    await page.getByLabel("Comparison").selectOption("contains");
    await page.getByLabel("Value", { exact: true }).fill("PERSON 77");
    await page.keyboard.press("Enter");
    await page.getByText("11 rows").waitFor();
    await page.getByRole("button", { name: "SQL condition" }).click();
    await page.getByLabel("Condition in SQL").fill("id < 0");
    await page.keyboard.press("Enter");
    await page.getByText("No rows match.").waitFor();
    await page.getByLabel("Condition in SQL").fill("id <");
    await page.keyboard.press("Enter");
    await page.getByText("Y1100").waitFor();
  });

  it("show whatever a value holds as text", async () => {
    await open("data?table=hostile");
    await soon(() => cell(0, 1).textContent()).toContain("<script>window.hacked=2</script>");
    expect(await cell(1, 1).textContent()).toBe("a‹U+202E›b");
    expect(await cell(3, 1).textContent()).toBe("empty");
    expect(await cell(4, 1).textContent()).toBe("NULL");
    await cell(2, 1).click();
    await page.keyboard.press("Enter");
    await page.getByText("100 000 of 4 194 304 characters").waitFor();
    await page.keyboard.press("Escape");
    expect(await inPage("window.hacked")).toBeUndefined();
  });

  it("draw only what is in sight of many columns and rows", async () => {
    await open("data?table=wide");
    await cell(0, 1).waitFor();
    await cell(0, 1).click();
    await page.keyboard.press("End");
    await soon(() => cell(0, 199).textContent()).toBe("198");
    await page.keyboard.press("Control+End");
    await soon(() => cell(2_999, 199).textContent()).toBe("198");
    const focused = () => inPage<string>("document.activeElement.dataset.spot");
    await page.getByRole("grid").evaluate((grid) => grid.scrollTo(0, 0));
    await soon(() => cell(0, 1).textContent()).toBe("0");
    expect(await focused()).toBe("2999,199");
    await page.keyboard.press("ArrowUp");
    await soon(focused).toBe("2998,199");
    await soon(() => cell(2_998, 199).isVisible()).toBe(true);
    expect(await page.getByRole("gridcell").count()).toBeLessThan(2_000);
    expect(await page.getByRole("grid").getAttribute("aria-rowcount")).toBe("3001");
  });

  it("change rows once changes are unlocked: seen as SQL, written together", async () => {
    await open("data?table=teams");
    await cell(1, 1).waitFor();
    await cell(1, 1).click();
    await page.keyboard.press("F2");
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /unlock/i })
      .click();
    await page.locator(".grid-editor").fill("O'Hara's");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Review 1 change" }).click();
    await page.getByText(`set "name" = 'O''Hara''s'`).waitFor();
    expect(await seriousFaults()).toEqual([]);
    await page.getByRole("button", { name: "Write them" }).click();
    await page.getByText("Wrote 1 row.").waitFor();
    await soon(() => cell(1, 1).textContent()).toBe("O'Hara's");
  });

  it("run SQL at the cursor, mark what is wrong, and show a plan", async () => {
    await open("sql");
    const editor = page.getByRole("textbox", { name: "SQL" });
    await editor.click();
    await page.keyboard.type("select 1 as one;\nselect id, nme from people");
    await page.keyboard.press("Control+Enter");
    await page.getByText("42703").waitFor();
    await soon(() => page.locator(".sql-error").textContent()).toBe("nme");
    await page.getByRole("textbox", { name: "SQL" }).focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Control+Enter");
    await soon(() => cell(0, 0).textContent()).toBe("1");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByRole("table", { name: "Steps of the plan" }).getByText("Result").waitFor();
    expect(await seriousFaults()).toEqual([]);
  });

  it("describe the schema, and draw what leads where", async () => {
    await open("schema?table=people");
    await page.getByRole("link", { name: "teams.id" }).waitFor();
    await page.getByText("create table public.people (").waitFor();
    expect(await seriousFaults()).toEqual([]);
    await page.getByRole("button", { name: "Relations" }).click();
    await page.getByRole("link", { name: /^people id/ }).waitFor();
    expect(await seriousFaults()).toEqual([]);
    expect(faults).toEqual([]);
  });
});
