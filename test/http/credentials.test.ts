/** New passwords and tokens for old ones: what ends at once, what goes on for a while, and what stays. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  CreatedDatabase,
  CreatedToken,
  DatabaseUrls,
  OperationInfo,
  ResetPassword,
  RotatedCredentials,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let database: CreatedDatabase;
const path = () => `/v1/databases/${database.id}`;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  database = await postern.api("POST", "/v1/databases", { name: "shop" });
});
afterAll(() => postern.close());

const urls = () => postern.api<DatabaseUrls>("GET", `${path()}/urls`);
/** PgBouncer tells when a client came to the second only. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  await waitUntil("the next second", async () => Math.floor(Date.now() / 1000) > second);
}
const rotate = (input: object = {}) =>
  postern.api<RotatedCredentials>("POST", `${path()}/rotate-credentials`, input);
const query = (token: string) =>
  postern.api("POST", `/v1/db/${database.id}/query`, { sql: "select 1 as one" }, token);

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on("error", () => {});
  await client.connect();
  return client;
}
const answers = (client: pg.Client) =>
  client.query("select 1").then(
    () => true,
    () => false,
  );
async function opens(url: string): Promise<boolean> {
  const client = await connect(url).catch(() => undefined);
  const answer = client !== undefined && (await answers(client));
  await client?.end();
  return answer;
}

describe("a rotation", () => {
  it("without grace ends the old token, the old password and every open connection", async () => {
    const before = await urls();
    const open = [await connect(before.pooled), await connect(before.direct)];
    for (const client of open) expect(await answers(client)).toBe(true);
    await nextSecond();
    const rotated = await rotate();
    expect(rotated).toMatchObject({
      applied: true,
      ending_tokens: [{ label: "master" }],
      staying_tokens: [],
    });
    await expect(query(database.token)).rejects.toMatchObject({ code: "Y2002" });
    await query(rotated.token);
    for (const [old, now] of [
      [before.pooled, rotated.urls.pooled],
      [before.direct, rotated.urls.direct],
    ] as const) {
      expect(await opens(old)).toBe(false);
      expect(await opens(now)).toBe(true);
    }
    for (const client of open) {
      expect(await answers(client)).toBe(false);
      await client.end().catch(() => {});
    }
    expect(await urls()).toEqual(rotated.urls);
    database = { ...database, token: rotated.token };
  });

  it("with grace lets the old token and open connections go on for that time, and new ones for ever", async () => {
    const reports = await postern.api<CreatedToken>("POST", `${path()}/tokens`, { label: "reports" });
    const before = await urls();
    const old = [await connect(before.pooled), await connect(before.direct)];
    await nextSecond();
    const rotated = await rotate({ grace: "6s" });
    expect(rotated.staying_tokens).toMatchObject([{ label: "reports" }]);
    await nextSecond();
    const now = [await connect(rotated.urls.pooled), await connect(rotated.urls.direct)];
    expect(await opens(before.pooled)).toBe(false);
    await query(database.token);
    for (const client of [...old, ...now]) expect(await answers(client)).toBe(true);
    await waitUntil("the grace is over", async () =>
      (await Promise.all(old.map(answers))).every((one) => !one),
    );
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(rotated.grace_until));
    await expect(query(database.token)).rejects.toMatchObject({ code: "Y2002" });
    for (const client of now) expect(await answers(client)).toBe(true);
    await query(rotated.token);
    await query(reports.token);
    for (const client of [...old, ...now]) await client.end().catch(() => {});
    database = { ...database, token: rotated.token };
  });

  it("of all tokens ends all but the new one", async () => {
    const reports = await postern.api<CreatedToken>("POST", `${path()}/tokens`, { label: "more" });
    const rotated = await rotate({ all_tokens: true });
    expect(rotated.staying_tokens).toEqual([]);
    await expect(query(reports.token)).rejects.toMatchObject({ code: "Y2002" });
    await query(rotated.token);
    database = { ...database, token: rotated.token };
  });

  it("of a database's own token is refused", async () => {
    await expect(
      postern.api("POST", `${path()}/rotate-credentials`, {}, database.token),
    ).rejects.toMatchObject({ code: "Y2003" });
    await expect(rotate({ grace: "soon" })).rejects.toMatchObject({ code: "Y1001" });
    await expect(rotate({ grace: "52w" })).rejects.toMatchObject({ code: "Y1001" });
  });

  it("that a killed daemon left half done is finished by its successor", async () => {
    const before = await urls();
    // Written down, but not yet done on the server: the request is cut off at some point between the two, or behind.
    const cut = rotate().catch(() => undefined);
    await waitUntil("the rotation is written down", async () => {
      const current = await urls().catch(() => undefined);
      return current !== undefined && current.password !== before.password;
    });
    await postern.stop("SIGKILL");
    await cut;
    await postern.start();
    const current = await urls();
    await waitUntil("the server takes the new password", () => opens(current.direct));
    expect(await opens(current.pooled)).toBe(true);
    expect(await opens(before.direct)).toBe(false);
  });
});

describe("a new password", () => {
  const reset = (input: object = {}) => postern.api<ResetPassword>("POST", `${path()}/reset-password`, input);

  it("opens pooled and direct connections, and leaves open ones and tokens alone", async () => {
    const { token } = await rotate();
    const before = await urls();
    const open = await connect(before.pooled);
    const changed = await reset({ password: "correct horse é" });
    expect(changed).toMatchObject({ applied: true, urls: { password: "correct horse é" } });
    expect(await opens(changed.urls.pooled)).toBe(true);
    expect(await opens(changed.urls.direct)).toBe(true);
    expect(await opens(before.direct)).toBe(false);
    expect(await answers(open)).toBe(true);
    await query(token);
    await open.end();
  });

  it("that is too short is refused", async () => {
    await expect(reset({ password: "short" })).rejects.toMatchObject({ code: "Y2006" });
  });
});

describe("a password that the owner changed with SQL", () => {
  const withPassword = (url: string, password: string) => {
    const changed = new URL(url);
    changed.password = encodeURIComponent(password);
    return changed.href;
  };
  const alter = async (url: string, what: string) => {
    const client = await connect(url);
    const { rows } = await client.query<{ sql: string }>(
      "select format('alter role %I ' , current_user) as sql",
    );
    await client.query(`${rows[0]!.sql} ${what}`);
    await client.end();
  };
  const opensBySql = async (url: string) => {
    const answer = await fetch(`${postern.apiUrl()}/sql`, {
      method: "POST",
      headers: { "neon-connection-string": url },
      body: JSON.stringify({ query: "select 1" }),
    });
    return answer.ok;
  };
  const everyWay = async (of: DatabaseUrls, password: string) => [
    await opens(withPassword(of.pooled, password)),
    await opens(withPassword(of.direct, password)),
    await opensBySql(withPassword(of.pooled, password)),
  ];

  it("is what every way asks for from then on, and what no URL is made of", async () => {
    const before = await urls();
    expect(await opens(before.pooled)).toBe(true);
    await alter(before.pooled, "password 'of my own: ü %'");
    expect(await opens(withPassword(before.pooled, "of my own: ü %"))).toBe(true);
    expect(await opens(before.pooled)).toBe(false);
    await waitUntil("/sql has heard of it", () => opensBySql(withPassword(before.pooled, "of my own: ü %")));
    expect(await everyWay(before, "of my own: ü %")).toEqual([true, true, true]);
    expect(await everyWay(before, before.password)).toEqual([false, false, false]);
    await expect(urls()).rejects.toMatchObject({ code: "Y1041" });
    const told = await postern.run(["db", "url", "shop"], {
      environment: { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() },
    });
    expect(told).toMatchObject({ code: 6, stdout: "", stderr: expect.stringContaining("reset-password") });
  });

  it("gives way to one that Postern sets", async () => {
    const { urls: now } = await postern.api<ResetPassword>("POST", `${path()}/reset-password`, {});
    await waitUntil("/sql has heard of it", () => opensBySql(now.pooled));
    expect(await everyWay(now, now.password)).toEqual([true, true, true]);
    expect(await everyWay(now, "of my own: ü %")).toEqual([false, false, false]);
    expect(await urls()).toEqual(now);
  });

  it("lets nobody in when there is none any more, until Postern sets one", async () => {
    const before = await urls();
    await alter(before.direct, "password null");
    expect([await opens(before.pooled), await opens(before.direct)]).toEqual([false, false]);
    const { urls: now } = await postern.api<ResetPassword>("POST", `${path()}/reset-password`, {});
    expect([await opens(now.pooled), await opens(now.direct)]).toEqual([true, true]);
  });

  it("is asked for while its server sleeps, and goes along when the content is replaced", async () => {
    const own = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "own", class: "db.p2" });
    const at = `/v1/databases/${own.id}`;
    const before = await postern.api<DatabaseUrls>("GET", `${at}/urls`);
    await alter(before.direct, "password 'of a sleeper'");
    await waitUntil("it sleeps", async () => {
      await postern.api("POST", `${at}/pause`, {}).catch(() => {});
      return (await postern.api<{ status: string }>("GET", at)).status === "paused";
    });
    expect(await opens(before.pooled)).toBe(false);
    expect((await postern.api<{ status: string }>("GET", at)).status).toBe("paused");
    expect(await opens(withPassword(before.pooled, "of a sleeper"))).toBe(true);
    const { id } = await postern.api<OperationInfo>("POST", `${at}/reset`, { files: [] });
    await waitUntil("it is empty again", async () => {
      const { status } = await postern.api<{ status: string }>("GET", `/v1/operations/${id}`);
      expect(status).not.toBe("failed");
      return status === "completed";
    });
    expect(await opens(withPassword(before.pooled, "of a sleeper"))).toBe(true);
    expect(await opens(withPassword(before.direct, "of a sleeper"))).toBe(true);
  });
});

describe("the command line", () => {
  it("resets and rotates, and keeps the linked folder's token true", async () => {
    const environment = { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() };
    await postern.run(["link", "shop"], { environment });
    const args = ["db", "reset-password", "--password-stdin"];
    const reset = await postern.json<ResetPassword>(args, { environment, input: "from a pipe\n" });
    expect(reset.urls.password).toBe("from a pipe");
    const rotated = await postern.run(["db", "rotate-credentials", "--yes", "--grace", "1s"], {
      environment,
    });
    expect(rotated).toMatchObject({ code: 0, stderr: expect.stringContaining("DATABASE_URL") });
    const { token } = JSON.parse(await readFile(join(postern.project, ".postern/config.json"), "utf8"));
    await query(token);
  });
});
