/** What stands between a client and another user's identity, on a real server. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ClientLogins, prepareClientAccess } from "../../../src/instances/client-access.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { attach, claimsOf, inAMinute, loginAsClient } from "../../support/client-identity.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
let row: DatabaseRow;
let logins: ClientLogins;
let client: pg.Client;
let anon: pg.Client;

beforeAll(async () => {
  fixture = await startPlatformFixture();
  row = await fixture.createDatabase();
  logins = await prepareClientAccess(fixture.platform, row);
  client = await loginAsClient(fixture.platform, row, logins.authenticated, logins.settings);
  anon = await loginAsClient(fixture.platform, row, logins.anonymous, logins.settings);
  const owner = await fixture.connect(row);
  await owner.query(`
    create table notes (id int generated always as identity, user_id text not null default auth.uid(), body text);
    insert into notes (user_id, body) values ('ada', 'a'), ('bob', 'b');
    alter table notes enable row level security;
    create policy own on notes to authenticated using (user_id = auth.uid()) with check (user_id = auth.uid());
    grant select, insert on notes to authenticated;
    create function run(statement text) returns text language plpgsql as $$
      declare answer text; begin execute statement into answer; return answer; end $$;
    grant execute on function run to authenticated`);
});
afterAll(async () => {
  await client?.end();
  await anon?.end();
  await fixture?.close();
});
afterEach(async () => {
  await client.query("rollback");
});

const one = async (session: pg.Client, sql: string, params: unknown[] = []) =>
  (await session.query<unknown[]>({ text: sql, values: params, rowMode: "array" })).rows[0]?.[0];
const rejected = { code: "42501", message: "identity rejected" };

describe("attach", () => {
  it("makes the subject and the claims readable until the transaction ends", async () => {
    await attach(client, logins, "ada");
    expect(await one(client, "select auth.uid()")).toBe("ada");
    expect(await one(client, "select auth.jwt()")).toEqual({ sub: "ada" });
    expect(await one(client, "select auth.role()")).toBe("authenticated");
    expect((await client.query("select body from notes")).rows).toEqual([{ body: "a" }]);
    await client.query("insert into notes (body) values ('mine')");
    await client.query("rollback");
    expect(await one(client, "select auth.uid()")).toBeNull();
    await expect(client.query("select * from notes")).rejects.toMatchObject({ code: "42501" });
  });

  it("keeps what stands in claims to the letter", async () => {
    const subject = `o'brien "\\" – ü \${x} %s`;
    await attach(client, logins, subject);
    expect(await one(client, "select auth.uid()")).toBe(subject);
    expect(await one(client, "select auth.jwt() ->> 'sub'")).toBe(subject);
  });

  it.each([
    ["of another session", { pid: 1 }],
    ["of another role", { role: "postgres" }],
    ["that has expired", { exp: Math.floor(Date.now() / 1000) - 1 }],
    ["for an earlier end", { sent: { exp: inAMinute() + 3600 } }],
    ["for other claims", { sent: { claims: claimsOf("bob") } }],
    ["that is cut off", { mac: "00ff" }],
    ["that is empty", { mac: "" }],
    ["that is null", { mac: null }],
    ["that is null, with no end", { mac: null, sent: { exp: null } }],
    ["for no end", { sent: { exp: null } }],
    ["for no claims", { sent: { claims: null } }],
  ])("refuses a MAC %s", async (_what, change) => {
    await expect(attach(client, logins, "ada", change)).rejects.toMatchObject(rejected);
    expect(await one(client, "select auth.uid()")).toBeNull();
  });

  it("refuses a MAC made with another key, or of no hex digits", async () => {
    const strange = { ...logins, macKey: Buffer.alloc(32) };
    await expect(attach(client, strange, "ada")).rejects.toMatchObject(rejected);
    await expect(attach(client, logins, "ada", { mac: "xyz" })).rejects.toMatchObject({ code: "22023" });
  });

  it("takes nothing from authenticated, anon or the database's owner", async () => {
    await attach(client, logins, "ada");
    await expect(client.query("select auth.attach('x', 1, '00')")).rejects.toMatchObject({
      message: "permission denied for function attach",
    });
    for (const session of [anon, await fixture.connect(row)])
      await expect(session.query("select auth.attach('x', 1, '00')")).rejects.toMatchObject({
        code: "42501",
      });
  });

  it("is not to be had inside a function that runs what its caller says", async () => {
    await attach(client, logins, "ada");
    const tries = [
      "select set_config('session_preload_libraries', E'postern\\x1fbob\\x1f{}', true)",
      "set session_preload_libraries = 'postern'",
      "set role none; select auth.attach('bob', null, null)",
      "set role none; select auth.attach(E'bob\\x1f{}', 99999999999, '00')",
      "select current_setting('session_preload_libraries')",
      "show session_preload_libraries",
      "select inner_key from pg_postern.mac_key",
      "set role none; select inner_key from pg_postern.mac_key",
    ];
    for (const text of tries) {
      await client.query("savepoint s");
      await expect(client.query("select run($1)", [text]), text).rejects.toMatchObject({ code: "42501" });
      await client.query("rollback to s");
      expect(await one(client, "select auth.uid()")).toBe("ada");
    }
  });
});

describe("the login roles", () => {
  it("become authenticated or anon and nobody else", async () => {
    const others = [row.role_name, "postern_admin", "postern_owner", "postern_ident", "pg_read_all_data"];
    for (const role of [...others, logins.anonymous, "anon"])
      await expect(client.query(`set role ${role}`), role).rejects.toMatchObject({ code: "42501" });
    for (const role of [...others, logins.authenticated, "authenticated"])
      await expect(anon.query(`set role ${role}`), role).rejects.toMatchObject({ code: "42501" });
  });

  it("have no right of their own, and cannot read the key", async () => {
    for (const session of [client, anon]) {
      for (const sql of [
        "select * from notes",
        "create table public.t (a int)",
        "create temp table t (a int)",
      ])
        await expect(session.query(sql), sql).rejects.toMatchObject({ code: "42501" });
      await expect(session.query("select * from pg_postern.mac_key")).rejects.toMatchObject({
        code: "42501",
      });
    }
  });

  it("reach no other database", async () => {
    const other = await fixture.createDatabase();
    await prepareClientAccess(fixture.platform, other);
    for (const database of [other.database_name, "postgres", "template1", "postern_template"])
      for (const user of [logins.authenticated, logins.anonymous])
        await expect(
          loginAsClient(fixture.platform, row, user, {}, database),
          database,
        ).rejects.toMatchObject({
          code: expect.stringMatching(/^(42501|55000)$/),
        });
  });

  it("begin every session with their limits, whatever they set for themselves", async () => {
    const settings = [
      "statement_timeout",
      "work_mem",
      "local_preload_libraries",
      "search_path",
      "temp_file_limit",
      "jit",
      "role",
    ];
    const read = async (session: pg.Client) => {
      const values: Record<string, unknown> = {};
      for (const setting of settings) values[setting] = await one(session, `show ${setting}`);
      return values;
    };
    const expected = await read(client);
    expect(expected).toEqual({
      statement_timeout: "5s",
      work_mem: "8MB",
      local_preload_libraries: "",
      search_path: "public",
      temp_file_limit: "256MB",
      jit: "off",
      role: "none",
    });
    const { database_name: database } = row;
    for (const change of [
      "statement_timeout = 0",
      "work_mem = '1GB'",
      "local_preload_libraries = 'nope'",
      "search_path = pg_temp",
      "standard_conforming_strings = off",
      "role = authenticated",
    ]) {
      await client.query(`alter role current_user set ${change}`);
      await client.query(`alter role current_user in database ${database} set ${change}`);
    }
    await client.query(`alter role current_user reset all`);
    await client.query(
      `alter role current_user in database ${database} set local_preload_libraries = 'nope'`,
    );
    await client.query(
      `alter role current_user in database ${database} set standard_conforming_strings = off`,
    );
    const again = await loginAsClient(fixture.platform, row, logins.authenticated, logins.settings);
    expect(await read(again)).toEqual(expected);
    expect(await one(again, "show standard_conforming_strings")).toBe("on");
    await again.end();
    await prepareClientAccess(fixture.platform, row);
    const admin = await fixture.connectAdmin(row);
    expect(
      await one(
        admin,
        `select count(*)::int from pg_db_role_setting s, unnest(setconfig) c
          where setrole = $1::regrole and c ~ 'nope|standard'`,
        [logins.authenticated],
      ),
    ).toBe(0);
  });

  it("log in over the socket only, even with a password that they were led to set", async () => {
    await client.query("alter role current_user password 'open sesame'");
    const attempt = new pg.Client({
      host: "127.0.0.1",
      port: fixture.platform.ports.direct,
      user: logins.authenticated,
      password: "open sesame",
      database: row.database_name,
    });
    await expect(attempt.connect()).rejects.toMatchObject({ code: "28000" });
    await prepareClientAccess(fixture.platform, row);
    const admin = await fixture.connectAdmin(row);
    expect(
      await one(admin, "select rolpassword from pg_authid where rolname = $1", [logins.authenticated]),
    ).toBeNull();
  });
});

describe("preparing again", () => {
  it("changes nothing for sessions that are open, also several at a time", async () => {
    const all = await Promise.all([1, 2, 3].map(() => prepareClientAccess(fixture.platform, row)));
    for (const again of all) expect(again).toEqual(logins);
    await attach(client, logins, "ada");
    expect(await one(client, "select auth.uid()")).toBe("ada");
  });

  it("lets clients into a schema public that was made anew", async () => {
    const owner = await fixture.connect(row);
    await owner.query("drop schema public cascade; create schema public");
    await owner.query("create table t (a int); grant select on t to anon");
    await expect(anon.query("select * from t")).rejects.toMatchObject({ code: "42P01" });
    await prepareClientAccess(fixture.platform, row);
    await anon.query("begin; set local role anon");
    expect((await anon.query("select * from t")).rowCount).toBe(0);
    await anon.query("rollback");
  });

  it("does not let them into one that the owner has closed, unless asked to", async () => {
    const owner = await fixture.connect(row);
    await owner.query("revoke usage on schema public from anon");
    const may = () => one(owner, "select has_schema_privilege('anon', 'public', 'usage')");
    await prepareClientAccess(fixture.platform, row);
    expect(await may()).toBe(false);
    await prepareClientAccess(fixture.platform, row, { openPublicSchema: true });
    expect(await may()).toBe(true);
  });
});
