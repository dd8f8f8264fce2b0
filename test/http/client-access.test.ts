/** SQL over HTTP by an application's users: with the real daemon, its workers, and an issuer of tokens. */
import type { BackupInfo, CreatedDatabase, OperationInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { daemonClient } from "../support/daemon-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startTestIssuer, type TestIssuer } from "../support/test-issuer.ts";

let postern: PosternHome;
let issuer: TestIssuer;
let notes: CreatedDatabase;

beforeAll(async () => {
  [postern, issuer] = await Promise.all([createPosternHome(), startTestIssuer()]);
  await postern.start();
  notes = await create("notes");
  await enable(notes, { issuer: issuer.url, audience: "app" });
});
afterAll(async () => {
  await postern.close();
  await issuer.close();
});

const schema = [
  "create table notes (id int generated always as identity, user_id text not null default auth.uid(), body text)",
  "insert into notes (user_id, body) values ('ada', 'a'), ('bob', 'b')",
  "alter table notes enable row level security",
  `create policy own on notes to authenticated
     using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))`,
  "grant select, insert, update, delete on notes to authenticated",
  "create table posts (title text)",
  "insert into posts values ('hello')",
  "grant select, insert on posts to anon",
];

async function create(name: string): Promise<CreatedDatabase> {
  const database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name });
  const statements = schema.map((sql) => ({ sql }));
  await postern.api("POST", `/v1/db/${database.id}/transaction`, { statements }, database.token);
  return database;
}

const enable = ({ id }: CreatedDatabase, body: object = {}) =>
  postern.api("PUT", `/v1/databases/${id}/client-access`, body);
const disable = ({ id }: CreatedDatabase) => postern.api("DELETE", `/v1/databases/${id}/client-access`);

const ask = (database: CreatedDatabase, secret: string | null, sql: string) =>
  daemonClient(postern)(`POST /v1/db/${database.id}/query`, { body: { sql }, secret });
const tokenOf = (sub: string, claims = {}) => issuer.sign({ sub, aud: "app", ...claims });

/** Bodies of the notes that this user sees. */
async function seenBy(database: CreatedDatabase, subject: string): Promise<unknown> {
  const { status, body } = await ask(database, await tokenOf(subject), "select body from notes");
  return status === 200 ? body.rows.map((row: { body: string }) => row.body) : [status, body.code];
}

describe("while client access is on", () => {
  it("a user sees and writes his own rows", async () => {
    expect([await seenBy(notes, "ada"), await seenBy(notes, "bob"), await seenBy(notes, "eve")]).toEqual([
      ["a"],
      ["b"],
      [],
    ]);
    const token = await tokenOf("cy", { role: "editor" });
    const { body } = await ask(
      notes,
      token,
      "insert into notes (body) values ('c') returning user_id, auth.role() as role, auth.jwt() ->> 'role' as claim",
    );
    expect(body.rows).toEqual([{ user_id: "cy", role: "authenticated", claim: "editor" }]);
    const foreign = await ask(notes, token, "insert into notes (user_id, body) values ('ada', 'x')");
    expect([foreign.status, foreign.body.code]).toEqual([400, "42501"]);
  });

  it("who has no token is anon, and only reads", async () => {
    expect((await ask(notes, null, "select title, auth.role() as role from posts")).body.rows).toEqual([
      { title: "hello", role: "anon" },
    ]);
    expect((await ask(notes, null, "insert into posts values ('x')")).body.code).toBe("25006");
    expect((await ask(notes, null, "select * from notes")).body.code).toBe("42501");
  });

  it("a bad token is refused and never taken for none", async () => {
    const bad = [
      await tokenOf("ada", { aud: "other" }),
      await tokenOf("ada", { exp: 1 }),
      "a.b.c",
      "nonsense",
    ];
    for (const token of bad) expect((await ask(notes, token, "select * from posts")).status).toBe(401);
  });

  it("the database's own token goes on working as its owner", async () => {
    const { body } = await ask(notes, notes.token, "select count(*)::int as n from notes");
    expect(body.rows[0].n).toBeGreaterThanOrEqual(2);
  });

  it("many users at once see their own rows each", async () => {
    const users = Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? "ada" : "bob"));
    const seen = await Promise.all(users.map((user) => seenBy(notes, user)));
    // Not more than a few of one user's are answered at a time; none is answered with another's rows.
    for (const [index, user] of users.entries())
      expect([[user === "ada" ? "a" : "b"], [429, "Y1018"]]).toContainEqual(seen[index]);
    expect(seen).toContainEqual(["a"]);
    expect(seen).toContainEqual(["b"]);
  });
});

describe("a change of client access", () => {
  it("is seen by the next request", async () => {
    const database = await create("toggled");
    const token = await tokenOf("ada");
    const statuses = async () => [
      (await ask(database, null, "select 1 from posts")).status,
      (await ask(database, token, "select 1 from posts")).body.code,
    ];
    expect(await statuses()).toEqual([401, "Y2002"]);
    await enable(database);
    expect(await statuses()).toEqual([200, "Y2002"]);
    await enable(database, { issuer: issuer.url });
    expect(await statuses()).toEqual([200, "42501"]);
    expect(await seenBy(database, "ada")).toEqual(["a"]);
    await enable(database, { audience: "another" });
    expect(await statuses()).toEqual([200, "Y2010"]);
    await disable(database);
    expect(await statuses()).toEqual([401, "Y2002"]);
  });
});

describe("client access goes on", () => {
  const ended = async ({ id }: OperationInfo): Promise<OperationInfo> => {
    const operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=30`);
    expect(operation.error).toBeNull();
    return operation;
  };

  it("after a restore", async () => {
    const database = await create("restored");
    await enable(database, { issuer: issuer.url });
    expect(await seenBy(database, "ada")).toEqual(["a"]);
    const path = `/v1/databases/${database.id}`;
    await ended(await postern.api("POST", `${path}/backups`, {}));
    await ask(database, await tokenOf("ada"), "delete from notes");
    const [backup] = await postern.api<BackupInfo[]>("GET", `${path}/backups`);
    await ended(await postern.api("POST", `${path}/restore`, { backup_id: backup!.id }));
    expect(await seenBy(database, "ada")).toEqual(["a"]);
  });

  it("in a schema public that was made anew, once it is enabled again", async () => {
    const database = await create("anew");
    await enable(database);
    expect((await ask(database, null, "select * from posts")).status).toBe(200);
    for (const sql of ["drop schema public cascade", "create schema public", ...schema.slice(-3)])
      await ask(database, database.token, sql);
    expect((await ask(database, null, "select * from posts")).body.code).toBe("42P01");
    await enable(database);
    expect((await ask(database, null, "select * from posts")).body.rows).toEqual([{ title: "hello" }]);
  });

  it("when the daemon dies and is started again", async () => {
    expect(await seenBy(notes, "ada")).toEqual(["a"]);
    await postern.stop("SIGKILL");
    await postern.start();
    expect(await seenBy(notes, "ada")).toEqual(["a"]);
    expect((await ask(notes, null, "select * from posts")).status).toBe(200);
  });

  it("when its server dies", async () => {
    process.kill(await postern.serverPid("shared"), "SIGKILL");
    await expect.poll(() => seenBy(notes, "ada"), { timeout: 20_000 }).toEqual(["a"]);
  });
});

describe("a user who comes too often", () => {
  it("is told when to come again, by whichever route, and others are not held up", async () => {
    await postern.stop("SIGTERM");
    postern.environment.POSTERN_RATE_LIMIT = "1/10";
    await postern.start();
    const url = `postgresql://authenticated@${notes.id}.localhost/any`;
    const routes = [
      [`/v1/db/${notes.id}/query`, { sql: "select 1" }, {}],
      ["/sql", { query: "select 1" }, { "neon-connection-string": url }],
      // Not the direct way.
      ["/sql", { query: "select 1" }, { "neon-connection-string": url, "server-timing": "1" }],
    ] as const;
    for (const [index, [path, body, headers]] of routes.entries()) {
      const comeAs = async (subject: string) =>
        fetch(postern.apiUrl() + path, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            authorization: `Bearer ${await tokenOf(subject)}`,
            ...headers,
          },
          body: JSON.stringify(body),
        });
      let answer = await comeAs(`hasty-${index}`);
      expect(answer.status).toBe(200);
      for (let count = 0; answer.status === 200 && count < 100; count += 1)
        answer = await comeAs(`hasty-${index}`);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "1"]);
      expect(await answer.json()).toMatchObject({ code: "Y1018" });
      expect((await comeAs(`patient-${index}`)).status).toBe(200);
    }
  });
});
