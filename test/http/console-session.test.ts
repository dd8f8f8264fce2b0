/** Being signed in to the console: by whom, for how long, and what a cookie opens; by a real daemon with a worker in front. */
import type {
  ConsoleLink,
  ConsoleSessionInfo,
  CreatedDatabase,
  CurrentConsoleSession,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, ask } from "../support/http-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
let port: number;
let origin: string;
let database: CreatedDatabase;
let others: CreatedDatabase;
let memberKey: string;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  port = Number(new URL(postern.apiUrl()).port);
  origin = `http://localhost:${port}`;
  database = await postern.api("POST", "/v1/databases", { name: "shop" });
  const account = { username: "member", password: "long enough" };
  await postern.api("POST", "/v1/accounts", account);
  memberKey = (await postern.api<{ api_key: string }>("POST", "/v1/login", account)).api_key;
  others = await postern.api("POST", "/v1/databases", { name: "theirs" }, memberKey);
});
afterAll(() => postern.close());

interface Session {
  cookie: string;
  csrf: string;
  id: string;
}

type Headers = Record<string, string>;

/** As the console's own page sends it. */
const own = (session?: Session): Headers => ({
  host: `localhost:${port}`,
  origin,
  "sec-fetch-site": "same-origin",
  "x-postern-console": session?.csrf ?? "1",
  ...(session && { cookie: session.cookie }),
});

const send = (method: string, path: string, headers: Headers, body?: unknown): Promise<Answer> =>
  ask({
    port,
    method,
    path,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const codeOf = ({ text }: Answer): string | undefined => (text === "" ? undefined : JSON.parse(text).code);
const without = (headers: Headers, name: string): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));

async function signIn(body: object = { api_key: postern.apiKey() }): Promise<Session> {
  const answer = await send("POST", "/console/session", own(), body);
  expect(answer.status).toBe(201);
  const { id, csrf_token: csrf } = JSON.parse(answer.text) as CurrentConsoleSession;
  return { cookie: String(answer.headers["set-cookie"]).split(";")[0]!, csrf, id };
}

const unlock = (session: Session) => send("POST", "/console/session/unlock", own(session));
const query = (session: Session, sql: string, id = database.id) =>
  send("POST", `/console/v1/db/${id}/query`, own(session), { sql });

describe("signing in", () => {
  it("gives a cookie that scripts cannot read, other sites do not send, and only /console gets", async () => {
    const answer = await send("POST", "/console/session", own(), { api_key: postern.apiKey() });
    const [cookie] = answer.headers["set-cookie"]!;
    expect(cookie).toMatch(
      new RegExp(
        `^postern_console_${port}=[0-9a-f]{64}; Path=/console; Max-Age=\\d+; HttpOnly; SameSite=Strict$`,
      ),
    );
    expect(answer.text).not.toContain(/=([0-9a-f]{64})/.exec(cookie!)![1]);
  });

  it("over TLS gives one that never travels without", async () => {
    const headers = { ...own(), origin: origin.replace("http:", "https:") };
    const answer = await send("POST", "/console/session", headers, { api_key: postern.apiKey() });
    expect(answer.headers["set-cookie"]![0]).toMatch(/^__Secure-postern_console_.*; Secure$/);
  });

  it("takes a password, a key or a link, and nothing else", async () => {
    const session = await signIn({ username: "member", password: "long enough" });
    expect(JSON.parse((await send("GET", "/console/v1/whoami", own(session))).text)).toMatchObject({
      username: "member",
    });
    for (const [body, code] of [
      [{ username: "member", password: "wrong and long" }, "Y2005"],
      [{ username: "nobody", password: "long enough" }, "Y2005"],
      [{ api_key: `pk_${"0".repeat(64)}` }, "Y2002"],
      [{ api_key: database.token }, "Y2002"],
      [{ link: "0".repeat(64) }, "Y1093"],
      [{ link: "x" }, "Y1093"],
      [{}, "Y1001"],
      [{ api_key: postern.apiKey(), link: "x" }, "Y1001"],
      [{ username: "member" }, "Y1001"],
    ] as const)
      expect(codeOf(await send("POST", "/console/session", own(), body))).toBe(code);
  });

  it("by a link works once, as the account whose key asked for it", async () => {
    const { url } = await postern.api<ConsoleLink>("POST", "/v1/console/links", undefined, memberKey);
    const link = /#link=([0-9a-f]{64})$/.exec(url)![1];
    const session = await signIn({ link });
    expect(JSON.parse((await send("GET", "/console/v1/whoami", own(session))).text)).toMatchObject({
      username: "member",
    });
    expect(codeOf(await send("POST", "/console/session", own(), { link }))).toBe("Y1093");
  });
});

describe("what administrators have", () => {
  const path = "/console/admin/managed-db/instances";

  it("is theirs through the console, too, and nobody else's", async () => {
    const admin = await signIn();
    expect(JSON.parse((await send("GET", path, own(admin))).text)).toEqual([]);
    const member = await signIn({ username: "member", password: "long enough" });
    expect(codeOf(await send("GET", path, own(member)))).toBe("Y2003");
    expect(codeOf(await send("GET", path, without(own(admin), "x-postern-console")))).toBe("Y1091");
    expect((await send("GET", path.replace("/console", ""), own(admin))).status).toBe(401);
  });

  it("is not changed by a session that only looks", async () => {
    const change = await send("POST", path, own(await signIn()), {
      name: "x",
      dsn: "postgres://localhost/x",
    });
    expect(codeOf(change)).toBe("Y1090");
  });
});

describe("postern open", () => {
  it("prints an address where there is no browser, which signs in at that database's page", async () => {
    const environment = {
      POSTERN_API_URL: postern.apiUrl(),
      POSTERN_API_KEY: memberKey,
      DISPLAY: "",
      WAYLAND_DISPLAY: "",
      BROWSER: "",
    };
    const { code, stdout, stderr } = await postern.run(["open", "theirs"], { environment });
    expect([code, stderr]).toEqual([0, expect.stringContaining("signs in once")]);
    const { origin: base, pathname, hash } = new URL(stdout.trim());
    expect([base, pathname]).toEqual([postern.apiUrl(), `/console/db/${others.id}`]);
    await signIn({ link: hash.slice("#link=".length) });
    const refused = await postern.run(["open", "shop"], { environment });
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("Y3001")]);
  });
});

describe("a session", () => {
  it("sees what its account sees", async () => {
    const admin = await signIn();
    const member = await signIn({ api_key: memberKey });
    const names = async (session: Session) =>
      (JSON.parse((await send("GET", "/console/v1/databases", own(session))).text) as CreatedDatabase[]).map(
        ({ name }) => name,
      );
    expect((await names(admin)).sort()).toEqual(["shop", "theirs"]);
    expect(await names(member)).toEqual(["theirs"]);
    expect(codeOf(await send("GET", `/console/v1/databases/${database.id}`, own(member)))).toBe("Y3001");
    expect(codeOf(await query(member, "select 1"))).toBe("Y3001");
    expect((await query(member, "select 1", others.id)).status).toBe(200);
  });

  it("changes nothing until it is unlocked, and nothing more once it is locked again", async () => {
    const session = await signIn();
    const label = () =>
      send("POST", `/console/v1/databases/${database.id}/tokens`, own(session), { label: "made here" });
    expect(codeOf(await label())).toBe("Y1090");
    expect(codeOf(await query(session, "create table made_here (id int)"))).toBe("Y3040");
    expect((await query(session, "select 1")).status).toBe(200);
    expect((await unlock(session)).status).toBe(200);
    expect((await label()).status).toBe(201);
    expect((await query(session, "create table made_here (id int)")).status).toBe(200);
    expect((await send("POST", "/console/session/lock", own(session))).status).toBe(200);
    expect(codeOf(await label())).toBe("Y1090");
    expect(codeOf(await query(session, "drop table made_here"))).toBe("Y3040");
  });

  it("is unlocked alone", async () => {
    const [one, other] = [await signIn(), await signIn()];
    await unlock(one);
    expect(codeOf(await query(other, "create table by_another (id int)"))).toBe("Y3040");
  });

  it("asks questions that have a body while it is locked", async () => {
    const session = await signIn();
    const path = `/console/v1/databases/${database.id}/migrations/status`;
    expect((await send("POST", path, own(session), { files: [] })).status).toBe(200);
  });

  it("is listed without its secret, and ends when it is ended", async () => {
    const [one, other] = [await signIn(), await signIn()];
    const { text } = await send("GET", "/console/sessions", own(one));
    const ids = (JSON.parse(text) as ConsoleSessionInfo[]).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([one.id, other.id]));
    expect(text).not.toMatch(/[0-9a-f]{64}/);
    expect((await send("DELETE", `/console/sessions/${other.id}`, own(one))).status).toBe(204);
    expect(codeOf(await send("GET", "/console/v1/whoami", own(other)))).toBe("Y1092");
    expect(codeOf(await send("DELETE", `/console/sessions/${other.id}`, own(one)))).toBe("Y1094");
    const member = await signIn({ api_key: memberKey });
    expect(codeOf(await send("DELETE", `/console/sessions/${one.id}`, own(member)))).toBe("Y1094");
    const out = await send("DELETE", "/console/session", own(one));
    expect([out.status, String(out.headers["set-cookie"])]).toEqual([
      204,
      expect.stringContaining("Max-Age=0"),
    ]);
    expect(codeOf(await send("GET", "/console/session", own(one)))).toBe("Y1092");
  });

  it("ends with the key that it came from", async () => {
    const account = { username: "member", password: "long enough" };
    const { api_key: key } = await postern.api<{ api_key: string }>("POST", "/v1/login", account);
    const session = await signIn({ api_key: key });
    await postern.api("POST", "/v1/logout", undefined, key);
    expect(codeOf(await send("GET", "/console/v1/whoami", own(session)))).toBe("Y1092");
  });

  it("does not revoke the key that it came from", async () => {
    const session = await signIn();
    await unlock(session);
    expect(codeOf(await send("POST", "/console/v1/logout", own(session)))).toBe("Y1005");
    expect(await postern.api("GET", "/v1/whoami")).toMatchObject({ role: "admin" });
  });
});

describe("a cookie", () => {
  it("opens neither the API nor SQL over HTTP, at any host", async () => {
    const session = await signIn();
    await unlock(session);
    const sql = { sql: "select 1" };
    const cookie = { cookie: session.cookie, "x-postern-console": session.csrf, origin };
    for (const [host, method, path, body] of [
      [`localhost:${port}`, "GET", "/v1/databases", undefined],
      [`localhost:${port}`, "POST", `/v1/db/${database.id}/query`, sql],
      [`localhost:${port}`, "POST", "/v1/databases", { name: "stolen" }],
      [`${database.id}.localhost:${port}`, "POST", "/query", sql],
      [`${database.id}.localhost:${port}`, "POST", `/console/v1/db/${database.id}/query`, sql],
      [`${database.id}.localhost:${port}`, "GET", "/console/v1/databases", undefined],
      [`evil.example:${port}`, "GET", "/console/v1/databases", undefined],
      [`evil.example:${port}`, "POST", `/console/v1/db/${database.id}/query`, sql],
    ] as const) {
      const answer = await send(method, path, { ...cookie, host }, body);
      expect([host, path, answer.status]).toEqual([host, path, expect.toBeOneOf([401, 404])]);
    }
  });

  it("counts only for the console's own page", async () => {
    const session = await signIn();
    await unlock(session);
    const other = await signIn();
    const path = `/console/v1/databases/${database.id}/tokens`;
    const good = own(session);
    const forged: Headers[] = [
      { ...good, origin: "https://evil.example" },
      { ...good, origin: `http://localhost:${port + 1}` },
      { ...good, origin: "null" },
      without(good, "origin"),
      { ...good, "sec-fetch-site": "cross-site" },
      { ...good, "sec-fetch-site": "same-site" },
      without(good, "x-postern-console"),
      { ...good, "x-postern-console": "1" },
      { ...good, "x-postern-console": other.csrf },
      { ...good, authorization: `Bearer ${postern.apiKey()}` },
    ];
    for (const headers of forged) {
      const answer = await send("POST", path, headers, { label: "forged" });
      expect([JSON.stringify(headers), answer.status, codeOf(answer)]).toEqual([
        JSON.stringify(headers),
        403,
        "Y1091",
      ]);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    for (const signInPath of ["/console/session", "/console/session/unlock"])
      expect(
        codeOf(
          await send(
            "POST",
            signInPath,
            { ...good, origin: "https://evil.example" },
            signInPath.endsWith("k") ? undefined : { api_key: postern.apiKey() },
          ),
        ),
      ).toBe("Y1091");
    expect((await send("POST", path, good, { label: "real" })).status).toBe(201);
  });

  it("that is none, broken or another's is refused the same", async () => {
    const session = await signIn();
    const name = session.cookie.split("=")[0]!;
    for (const cookie of [
      "",
      `${name}=`,
      `${name}=${"0".repeat(64)}`,
      `${name}=x'; drop`,
      `other_${session.cookie}`,
    ])
      expect(codeOf(await send("GET", "/console/v1/whoami", { ...own(session), cookie }))).toBe("Y1092");
  });
});

describe("the console's files", () => {
  const page = (path: string, headers: Headers = {}) =>
    send("GET", path, { host: `localhost:${port}`, ...headers });

  it("come with a policy that lets nothing in from elsewhere and nobody around", async () => {
    for (const path of ["/console/", `/console/db/${database.id}/backups`]) {
      const { status, headers, text } = await page(path);
      expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-cache",
      });
      const policy = String(headers["content-security-policy"]);
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ])
        expect(policy).toContain(rule);
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(text).not.toMatch(/<script(?![^>]*src=)|<style|style=| on\w+=/);
    }
  });

  it("are kept by their names, compressed as the browser likes, and not sent again when they are the same", async () => {
    const { text, headers } = await page("/console/");
    const script = /src="(\/console\/assets\/index-[^"]+\.js)"/.exec(text)![1]!;
    for (const encoding of ["br", "gzip"]) {
      const { headers: got } = await page(script, { "accept-encoding": encoding });
      expect(got).toMatchObject({
        "content-encoding": encoding,
        "cache-control": "public, max-age=31536000, immutable",
        vary: "accept-encoding",
      });
    }
    expect((await page(script)).headers["content-encoding"]).toBeUndefined();
    expect((await page("/console/", { "if-none-match": String(headers.etag) })).status).toBe(304);
  });

  it("are those that were built, and no others", async () => {
    for (const path of [
      "/console/assets/none.js",
      "/console/assets/../../package.json",
      "/console/assets/%2e%2e%2f%2e%2e%2fpackage.json",
    ])
      expect((await page(path)).text).not.toContain("dependencies");
    expect((await page("/console/assets/none.js")).status).toBe(404);
    expect((await page("/console")).headers.location).toBe("/console/");
    expect((await send("GET", "/console/", { host: "evil.example" })).status).toBe(404);
  });

  it("weigh less than 120 kB before the first page, and no more than the page needs", async () => {
    const { text } = await page("/console/");
    const names = [...text.matchAll(/(?:src|href)="(\/console\/assets\/[^"]+\.(?:js|css))"/g)].map(
      (match) => match[1]!,
    );
    expect(names.length).toBeGreaterThan(2);
    let total = Number((await page("/console/", { "accept-encoding": "gzip" })).headers["content-length"]);
    for (const name of names)
      total += Number((await page(name, { "accept-encoding": "gzip" })).headers["content-length"]);
    expect(total).toBeGreaterThan(10_000);
    expect(total).toBeLessThan(120_000);
  });
});

describe("a list of databases", () => {
  it("is searched and paged by the server, which tells how many there are", async () => {
    const session = await signIn();
    const list = async (search: string) => {
      const { headers, text } = await send("GET", `/console/v1/databases?${search}`, own(session));
      return {
        total: headers["x-total-count"],
        names: (JSON.parse(text) as CreatedDatabase[]).map(({ name }) => name),
      };
    };
    expect(await list("limit=1")).toEqual({ total: "2", names: ["theirs"] });
    expect(await list("limit=1&offset=1")).toEqual({ total: "2", names: ["shop"] });
    expect(await list("search=SHO")).toEqual({ total: "1", names: ["shop"] });
    expect(await list("search=member")).toEqual({ total: "1", names: ["theirs"] });
    expect(await list(`search=${database.id}`)).toEqual({ total: "1", names: ["shop"] });
    expect(await list("search=%25")).toEqual({ total: "0", names: [] });
  });
});

// Last: it uses up what one address may guess.
describe("guessing", () => {
  it("at one name is refused for a while", async () => {
    const guess = (password: string) =>
      send("POST", "/console/session", own(), { username: "victim", password });
    const codes = await Promise.all(
      Array.from({ length: 20 }, (_, at) => guess(`guess number ${at}`).then(codeOf)),
    );
    expect(new Set(codes)).toEqual(new Set(["Y2005", "Y1018"]));
    expect(codes.filter((code) => code === "Y2005").length).toBeGreaterThanOrEqual(10);
  });

  it("is written down, without what was typed", async () => {
    const log = await postern.api<{ action: string; code: string | null }[]>("GET", "/v1/audit?limit=200");
    const entries = log.filter(({ action }) => action === "signInToConsole");
    expect(entries.map(({ code }) => code)).toContain("Y2005");
    expect(JSON.stringify(entries)).not.toContain("guess number");
  });
});
