/** Client mode as real pages see it: a browser, a web site of another origin, and the rules of both. */
import { readFileSync } from "node:fs";
import type { ClientAccessInfo, CreatedDatabase, DatabaseUrls, OperationInfo } from "@postern/sdk/protocol";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, howToGetChromium } from "../support/find-chromium.ts";
import { ask } from "../support/http-client.ts";
import { openBrowser, type TestBrowser } from "../support/open-browser.ts";
import { type PageServer, startPageServer } from "../support/page-server.ts";
import { postFromPage } from "../support/post-from-page.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startTestIssuer, type TestIssuer } from "../support/test-issuer.ts";

const chromiumPath = findChromium();
if (chromiumPath === undefined) console.warn(`test/browser is skipped: ${howToGetChromium}`);

const example = new URL("../../examples/todo-page/", import.meta.url);
const fileOf = (path: string) => new URL(path, example);
const migrations = ["001_create_todos.sql", "002_create_notices.sql"].map((name) => ({
  name,
  sql: readFileSync(fileOf(`migrations/${name}`), "utf8"),
}));

let postern: PosternHome;
let issuer: TestIssuer;
let site: PageServer;
/** Another origin, of which the browser has learned nothing from earlier preflights. */
let stranger: PageServer;
let browser: TestBrowser;
let page: Page;
let database: CreatedDatabase;
let tokens: { alice: string; bob: string };

describe.skipIf(chromiumPath === undefined)("a page of another origin", () => {
  beforeAll(async () => {
    [postern, issuer, site, stranger, browser] = await Promise.all([
      createPosternHome(),
      startTestIssuer(),
      startPageServer({
        "/todo-page": fileOf("index.html"),
        "/neon.mjs": new URL(import.meta.resolve("@neondatabase/serverless").replace(/\.js$/, ".mjs")),
      }),
      startPageServer(),
      openBrowser(chromiumPath!),
    ]);
    await postern.start();
    database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "todo-page" });
    const migrated = await postern.api<OperationInfo>("POST", `${path()}/migrations`, { files: migrations });
    await postern.api("GET", `/v1/operations/${migrated.id}?wait=30`);
    await asOwner("insert into todos (user_id, title) values ('alice', 'a'), ('bob', 'b')");
    await enable();
    tokens = { alice: await issuer.sign({ sub: "alice" }), bob: await issuer.sign({ sub: "bob" }) };
    page = await openPage(site);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await stranger?.close();
    await postern?.close();
    await issuer?.close();
  });

  const path = () => `/v1/databases/${database.id}`;
  const enable = () =>
    postern.api<ClientAccessInfo>("PUT", `${path()}/client-access`, { issuer: issuer.url });
  const disable = () => postern.api("DELETE", `${path()}/client-access`);
  const asOwner = <Row>(sql: string) =>
    postern
      .api<{ rows: Row[] }>("POST", `/v1/db/${database.id}/query`, { sql }, database.token)
      .then(({ rows }) => rows);
  /** By the API's address, for what does not depend on the host. */
  const byPath = () => `${postern.apiUrl()}/v1/db/${database.id}`;
  const byHost = () => `http://${database.id}.localhost:${new URL(postern.apiUrl()).port}`;

  async function openPage({ origin }: PageServer): Promise<Page> {
    const opened = await browser.context.newPage();
    await opened.goto(origin);
    return opened;
  }

  const askFromPage = (sql: string, token?: string, base = byPath(), from = page) =>
    postFromPage(from, `${base}/query`, { sql }, token);

  const preflight = (origin: string, route = `/v1/db/${database.id}/query`) =>
    ask({
      port: Number(new URL(postern.apiUrl()).port),
      method: "OPTIONS",
      path: route,
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });

  const blocked = { blocked: "TypeError: Failed to fetch" };
  const requestId = expect.stringMatching(/^req-/);

  describe("while client access is on", () => {
    it("reads what everybody may read, without any credentials", async () => {
      expect(await askFromPage("select count(*)::int as n, auth.role() as role from notices")).toMatchObject({
        status: 200,
        body: { rows: [{ n: 1, role: "anon" }] },
      });
      expect(await askFromPage("select * from todos")).toMatchObject({
        status: 400,
        body: { code: "42501" },
      });
    });

    it("reads and writes its user's rows, and no other's", async () => {
      const { alice, bob } = tokens;
      expect(await askFromPage("select title from todos", alice)).toMatchObject({
        body: { rows: [{ title: "a" }] },
      });
      expect(
        await askFromPage("insert into todos (title) values ('a2') returning user_id, title", alice),
      ).toMatchObject({ status: 200, body: { rows: [{ user_id: "alice", title: "a2" }] } });
      expect(await askFromPage("select title from todos where user_id = 'bob'", alice)).toMatchObject({
        body: { rows: [] },
      });
      expect(await askFromPage("delete from todos where user_id = 'bob' returning 1", alice)).toMatchObject({
        status: 200,
        body: { rows: [] },
      });
      expect(await askFromPage("update todos set title = 'mine' returning title", bob)).toMatchObject({
        body: { rows: [{ title: "mine" }] },
      });
      expect(
        await askFromPage("insert into todos (user_id, title) values ('bob', 'x')", alice),
      ).toMatchObject({ status: 400, body: { code: "42501" } });
      expect(await asOwner("select user_id, title from todos order by 1, 2")).toEqual([
        { user_id: "alice", title: "a" },
        { user_id: "alice", title: "a2" },
        { user_id: "bob", title: "mine" },
      ]);
    });

    it("reads an error and the id of its request, which are the same in body and header", async () => {
      const answers = [
        [await askFromPage("select nonsense", tokens.alice), 400, "42703"],
        [await askFromPage("select 1", `${tokens.alice}x`), 401, "Y2010"],
        [await askFromPage("select 1", "0".repeat(64)), 401, "Y2002"],
      ] as const;
      for (const [answer, status, code] of answers) {
        expect(answer).toMatchObject({ status, requestId, body: { code } });
        if ("body" in answer) expect(answer.body.request_id).toBe(answer.requestId);
      }
    });

    it("reaches the database at its own host", async () => {
      expect(await askFromPage("select title from todos order by id", tokens.alice, byHost())).toMatchObject({
        status: 200,
        requestId,
        body: { rows: [{ title: "a" }, { title: "a2" }] },
      });
    });

    it("is told before it asks that it may", async () => {
      const { status, headers, text } = await preflight(site.origin);
      expect([status, text]).toEqual([204, ""]);
      expect(headers).toMatchObject({
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": expect.stringMatching(/authorization.*content-type/),
        "access-control-max-age": "86400",
      });
    });

    it("lets a person add, tick off and delete, and sign in again as somebody else", async () => {
      const todos = await browser.context.newPage();
      await todos.goto(`${site.origin}/todo-page?database=${encodeURIComponent(byHost())}`);
      const titles = () => todos.getByRole("listitem").locator("span").allTextContents();
      const signIn = async (token: string) => {
        await todos.getByLabel("Token").fill(token);
        await todos.getByRole("button", { name: "Use it" }).click();
        await todos.getByRole("button", { name: "Sign out" }).waitFor();
      };
      await todos.getByText("This line is for everybody.").waitFor();
      await signIn(await issuer.sign({ sub: "carol" }));
      expect(await titles()).toEqual([]);
      await todos.getByLabel("What is to be done").fill("<b>Water</b> the plants");
      await todos.getByRole("button", { name: "Add" }).click();
      await todos.getByRole("checkbox").check();
      await todos.locator("li.done").waitFor();
      expect(await asOwner("select title, done from todos where user_id = 'carol'")).toEqual([
        { title: "<b>Water</b> the plants", done: true },
      ]);
      await todos.reload();
      await todos.locator("li.done").waitFor();
      expect(await titles()).toEqual(["<b>Water</b> the plants"]);
      await todos.getByRole("button", { name: "Delete" }).click();
      await todos.getByText("Nothing to do.").waitFor();
      expect(await asOwner("select 1 from todos where user_id = 'carol'")).toEqual([]);
      await todos.getByRole("button", { name: "Sign out" }).click();
      await signIn(tokens.bob);
      expect(await titles()).toEqual(["mine"]);
      await todos.close();
    });
  });

  describe("with the Neon driver", () => {
    const askByNeon = async (sql: string, address: string, token?: string) =>
      page.evaluate(
        async ({ statement, connectionString, authToken, endpoint }) => {
          const { neon, neonConfig } = (globalThis as unknown as { driver: NeonDriver }).driver;
          neonConfig.fetchEndpoint = () => endpoint;
          const options = { disableWarningInBrowsers: true, ...(authToken && { authToken }) };
          try {
            return await neon(connectionString, options).query(statement);
          } catch (error) {
            return { code: (error as { code?: string }).code, message: String(error) };
          }
        },
        {
          statement: sql,
          connectionString: address,
          authToken: token,
          endpoint: `${byHost()}/sql`,
        },
      );

    it("asks as a user with a JWT, and as the owner with the pooled URL", async () => {
      await page.evaluate('import("/neon.mjs").then((driver) => void (globalThis.driver = driver))');
      const asUser = `postgresql://authenticated@${database.host}/any`;
      const question = "select title from todos order by id";
      expect(await askByNeon(question, asUser, tokens.bob)).toEqual([{ title: "mine" }]);
      const { pooled } = await postern.api<DatabaseUrls>("GET", `${path()}/urls`);
      expect(await askByNeon(question, pooled)).toEqual([{ title: "a" }, { title: "mine" }, { title: "a2" }]);
      expect(await askByNeon("select nonsense", asUser, tokens.bob)).toMatchObject({ code: "42703" });
    });
  });

  describe("while client access is off", () => {
    it("reads nothing and changes nothing, whatever credentials it has", async () => {
      await disable();
      const foreign = await openPage(stranger);
      const write = "insert into notices (body) values ('x')";
      for (const token of [undefined, tokens.alice, database.token]) {
        for (const base of [byPath(), byHost()])
          expect(await askFromPage(write, token, base, foreign)).toEqual(blocked);
      }
      const { status, headers } = await preflight(stranger.origin);
      expect([status, headers["access-control-allow-origin"]]).toEqual([204, undefined]);
      expect(await asOwner("select count(*)::int as n from notices")).toEqual([{ n: 1 }]);
      await enable();
      expect(await askFromPage("select 1 as one", undefined, byPath(), foreign)).toMatchObject({
        status: 200,
      });
      await foreign.close();
    });

    it("reads no answer to what it was let ask before", async () => {
      expect(await askFromPage("select 1 as one", tokens.alice)).toMatchObject({ status: 200 });
      await disable();
      expect(await askFromPage("select 1 as one", tokens.alice)).toEqual(blocked);
      await enable();
    });
  });

  describe("while the configuration names origins", () => {
    it("reads what it may from these, and nothing from another", async () => {
      await postern.stop("SIGTERM");
      postern.environment.POSTERN_CORS_ORIGINS = stranger.origin;
      await postern.start();
      const named = await openPage(stranger);
      // The same site by another name is another origin, and one that the browser has no preflights of.
      const other = await openPage({ ...site, origin: site.origin.replace("127.0.0.1", "localhost") });
      for (const base of [byPath(), byHost()]) {
        for (const token of [undefined, tokens.alice, database.token]) {
          const question = "select count(*)::int as n from notices";
          expect(await askFromPage(question, token, base, named)).toMatchObject({
            status: 200,
            requestId,
            body: { rows: [{ n: 1 }] },
          });
          expect(await askFromPage(question, token, base, other)).toEqual(blocked);
          expect(await askFromPage(question, token, base, page)).toEqual(blocked);
        }
      }
      const { pooled } = await postern.api<DatabaseUrls>("GET", `${path()}/urls`);
      const neonHeaders = { "neon-connection-string": pooled };
      const bySql = (from: Page) =>
        postFromPage(from, `${byHost()}/sql`, { query: "select 1" }, undefined, neonHeaders);
      expect([await bySql(named), await bySql(other)]).toMatchObject([{ status: 200 }, blocked]);
      const answers = await Promise.all([preflight(stranger.origin), preflight(site.origin)]);
      expect(answers.map(({ headers }) => [headers["access-control-allow-origin"], headers.vary])).toEqual([
        [stranger.origin, "origin"],
        [undefined, "origin"],
      ]);
    });
  });
});

type NeonDriver = typeof import("@neondatabase/serverless");
