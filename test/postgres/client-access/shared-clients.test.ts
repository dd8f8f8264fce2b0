/** Clients whose statements share sessions: nobody becomes somebody else, and nobody's trouble is another's. */
import type { JsonValue } from "@postern/sdk/protocol";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { posternError } from "../../../src/base/error.ts";
import { prepareClientAccess } from "../../../src/instances/client-access.ts";
import { databaseAddress } from "../../../src/instances/database-address.ts";
import {
  type ClientContext,
  closeClientContext,
  createClientContext,
} from "../../../src/query/client/client-context.ts";
import {
  type ClientCall,
  runClientQuery,
  runClientTransaction,
} from "../../../src/query/client/run-client.ts";
import { createQueryContext, type QueryContext } from "../../../src/query/query-context.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { inAMinute } from "../../support/client-identity.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { clientLimits, queryLimits, type Result } from "../../support/query-fixture.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: PlatformFixture;
let row: DatabaseRow;
let owner: QueryContext;
let clients: ClientContext;
let session: pg.Client;
let admin: pg.Client;

beforeAll(async () => {
  fixture = await startPlatformFixture();
  row = await fixture.createDatabase();
  const logins = await prepareClientAccess(fixture.platform, row);
  owner = createQueryContext(databaseAddress(fixture.platform, row), queryLimits);
  clients = createClientContext(owner, logins, { ...clientLimits, connectionsPerRole: 6 });
  session = await fixture.connect(row);
  admin = await fixture.connectAdmin(row, row.database_name);
  await session.query(`
    create table notes (id int generated always as identity primary key, user_id text not null default auth.uid(), body text);
    insert into notes (user_id, body) select 'user ' || n, 'of ' || n from generate_series(1, 50) n;
    alter table notes enable row level security;
    create policy own on notes to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
    grant select, insert, update, delete on notes to authenticated;
    create table posts (title text);
    insert into posts values ('hello');
    grant select, insert on posts to anon;
    create table members (user_id text, team int);
    insert into members values ('user 1', 1), ('user 2', 1), ('user 3', 2);
    create table plans (team int, body text);
    insert into plans values (1, 'one'), (2, 'two');
    alter table plans enable row level security;
    create policy team on plans to authenticated
      using (team in (select team from members where user_id = (select auth.uid())));
    grant select on plans, members to authenticated;
    create function mine() returns text stable language plpgsql as $$ begin return auth.uid(); end $$;
    create table guarded (body text);
    alter table guarded enable row level security;
    create policy odd on guarded to authenticated using (body = mine());
    create policy set_by_app on guarded to authenticated using (body = current_setting('app.body', true));
    grant select on guarded to authenticated;
    create view shown as select * from notes;
    grant select on shown to authenticated;
    create table touched (body text);
    create function touch() returns trigger language plpgsql as $$ begin perform set_config('app.body', 'x', false); return new; end $$;
    create trigger touch before insert on touched for each row execute function touch();
    grant insert on touched to authenticated`);
});
afterAll(async () => {
  const because = posternError("Y3004", "The test is over.");
  if (clients) await closeClientContext(clients, because);
  if (owner) await Promise.all([owner.pool.close(because), owner.shared.close(because)]);
  await fixture?.close();
});

/** Null: anon. */
const callOf = (subject: string | null): ClientCall => ({
  clients,
  owner,
  limits: clients.anonymous.limits,
  claims: subject === null ? null : claimsOf(subject),
});
const claimsOf = (subject: string) => ({
  subject,
  expiresAt: inAMinute(),
  json: JSON.stringify({ sub: subject }),
});

async function ask(
  who: string | null | ClientCall,
  sql: string,
  params: JsonValue[] = [],
  signal?: AbortSignal,
): Promise<Result["rows"]> {
  const call = typeof who === "object" && who !== null ? who : callOf(who);
  const chunks = await runClientQuery(call, "query", { sql, params }, signal ? { signal } : {});
  return JSON.parse(Buffer.concat(chunks).toString("utf8")).rows;
}

const find = (sql: string) => clients.authenticated.book.findShared(sql, performance.now());
const share = (...statements: string[]) =>
  Promise.all(statements.map((sql) => waitUntil(`${sql} is shared`, async () => find(sql) !== undefined)));

const mine = "select id, user_id, body from notes";
const byBody = "select body from notes where body = $1";
const add = "insert into notes (body) values ($1) returning user_id";

describe("what clients share sessions with", () => {
  it.each([
    mine,
    byBody,
    add,
    "select body from plans where team = $1",
    "select auth.uid() as uid, auth.role() as role, current_user as who",
    "update notes set body = $1 where id = $2",
    "select title from posts",
    "select public.posts.title from public.posts",
    "insert into notes (user_id) values ('somebody else')",
    "select nextval('notes_id_seq')",
  ])("%s", async (sql) => {
    await share(sql);
  });

  it.each([
    ["a policy of the user's own function", "select body from guarded"],
    ["the user's own function", "select mine()"],
    ["a view", "select body from shown"],
    ["a trigger", "insert into touched values ('x')"],
    ["numbers that could be told from others", "select random()"],
    ["the catalog", "select relname from pg_class"],
    ["settings", "select current_setting('search_path')"],
    ["changing settings", "select set_config('app.body', 'x', false)"],
    ["locks", "select pg_advisory_lock(1)"],
    ["making a table", "select * into made from notes"],
    ["no statement at all", "set role none"],
    ["two statements", "select 1; select 2"],
    ["a long text", `select ${"1 + ".repeat(1_100)} 1`],
    ["much nesting", `select ${"(1 + ".repeat(80)} 1${")".repeat(80)}`],
  ])("but not with %s", async (_what, sql) => {
    await waitUntil("it is looked at", async () => {
      if (find(sql)) throw new Error("it is shared");
      return clients.authenticated.book.verdict(sql) === "alone";
    });
  });
});

describe("on sessions that clients share", () => {
  it("each sees its own rows, however many ask at once", async () => {
    await share(mine, byBody, "select auth.uid() as uid");
    const users = Array.from({ length: 60 }, (_, index) => 1 + (index % 50));
    await Promise.all(
      users.map(async (user) => {
        const [rows, uid] = await Promise.all([
          ask(`user ${user}`, mine),
          ask(`user ${user}`, "select auth.uid() as uid"),
          ask(`user ${user}`, byBody, [`of ${user + 1}`]).then((others) => expect(others).toEqual([])),
        ]);
        expect(rows).toEqual([{ id: user, user_id: `user ${user}`, body: `of ${user}` }]);
        expect(uid).toEqual([{ uid: `user ${user}` }]);
      }),
    );
  });

  it("policies that look into other tables see the caller", async () => {
    await share("select body from plans order by 1");
    const of = (user: number) => ask(`user ${user}`, "select body from plans order by 1");
    expect(await Promise.all([of(1), of(2), of(3), of(4)])).toEqual([
      [{ body: "one" }],
      [{ body: "one" }],
      [{ body: "two" }],
      [],
    ]);
  });

  it("writes belong to who writes, and rows of others are refused", async () => {
    const forge = "insert into notes (user_id, body) values ($1, 'forged')";
    await share(add, forge);
    const users = Array.from({ length: 40 }, (_, index) => `writer ${index}`);
    const answers = await Promise.all(users.map((user) => ask(user, add, [`by ${user}`])));
    expect(answers).toEqual(users.map((user) => [{ user_id: user }]));
    const forged = await Promise.all(
      users.map((user) => ask(user, forge, ["user 1"]).catch(({ code }) => code)),
    );
    expect(new Set(forged)).toEqual(new Set(["42501"]));
    const { rows } = await session.query("select body from notes where user_id = 'writer 7'");
    expect(rows).toEqual([{ body: "by writer 7" }]);
  });

  it("a transaction is all or nothing, and tells which statement failed", async () => {
    await share(add, "select 1 / $1 as x");
    const of = (values: number) =>
      runClientTransaction(
        callOf("trader"),
        {
          statements: [
            { sql: add, params: ["traded"] },
            { sql: "select 1 / $1 as x", params: [values] },
          ],
        },
        {},
      );
    await expect(of(0)).rejects.toMatchObject({ code: "22012", statementIndex: 1 });
    expect(await ask("trader", mine)).toEqual([]);
    await of(1);
    expect(await ask("trader", mine)).toMatchObject([{ body: "traded" }]);
  });

  it("anonymous callers read what they may, and write nothing, whatever is granted", async () => {
    await share("select title from posts", "insert into posts values ('spam')");
    const asked = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        index % 3 === 0
          ? ask(null, "insert into posts values ('spam')").catch(({ code }) => code)
          : ask(null, "select title from posts"),
      ),
    );
    expect(asked.filter((_, index) => index % 3 === 0)).toEqual(Array(10).fill("25006"));
    expect(asked.filter((_, index) => index % 3 !== 0)).toEqual(
      Array.from({ length: 20 }, () => [{ title: "hello" }]),
    );
    await share(mine);
    await expect(ask(null, mine)).rejects.toMatchObject({ code: "42501" });
    expect(await ask(null, "select auth.uid() as uid")).toEqual([{ uid: null }]);
  });

  it("an identity that Postern has not signed is refused, and is nobody else's trouble", async () => {
    await share(mine);
    const stranger = {
      ...callOf("user 1"),
      clients: { ...clients, logins: { ...clients.logins, macKey: Buffer.alloc(32) } },
    };
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        return ask(index % 2 === 0 ? stranger : "user 2", mine).catch(
          ({ code, message }) => `${code} ${message}`,
        );
      }),
    );
    const ends = (rest: number) => answers.filter((_, index) => index % 2 === rest);
    expect(new Set(ends(0))).toEqual(new Set(["42501 identity rejected"]));
    for (const rows of ends(1)) expect(rows).toMatchObject([{ user_id: "user 2" }]);
  });

  it("one's failing statements do not reach the others", async () => {
    const divide = "select 10 / $1 as x";
    await share(divide, mine);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        ask(`user ${1 + (index % 50)}`, divide, [index % 2]).catch(({ code }) => code),
      ),
    );
    for (const [index, answer] of answers.entries())
      expect(answer).toEqual(index % 2 === 0 ? "22012" : [{ x: 10 }]);
  });

  it("one's slow statement holds up the others for a moment at most", async () => {
    const count = "select count(*)::int as n from generate_series(1, $1)";
    await share(count, mine);
    for (let times = 0; times < 5; times++) await ask("user 1", count, [1]);
    const begun = performance.now();
    const slow = ask("user 1", count, [1_500_000]);
    const others = Array.from({ length: 20 }, () => ask("user 2", count, [3]));
    for (const rows of await Promise.all(others)) expect(rows).toEqual([{ n: 3 }]);
    const waited = performance.now() - begun;
    expect(await slow).toEqual([{ n: 1_500_000 }]);
    expect(waited).toBeLessThan(performance.now() - begun);
  });

  it("whoever leaves takes nobody along", async () => {
    const count = "select count(*)::int as n from generate_series(1, $1)";
    await share(count, mine);
    const leaving = new AbortController();
    const slow = ask("user 1", count, [2_000_000_000], leaving.signal);
    const refused = expect(slow).rejects.toMatchObject({ code: "Y1017" });
    const others = Promise.all(Array.from({ length: 20 }, () => ask("user 2", mine)));
    leaving.abort();
    await refused;
    for (const rows of await others) expect(rows).toMatchObject([{ user_id: "user 2" }]);
  });

  it("what is revoked is refused at once, and what is granted works", async () => {
    await share(mine);
    await ask("user 1", mine);
    await session.query("revoke select on notes from authenticated");
    await expect(ask("user 1", mine)).rejects.toMatchObject({ code: "42501" });
    await session.query("grant select on notes to authenticated");
    expect(await ask("user 1", mine)).toMatchObject([{ user_id: "user 1" }]);
  });

  it("a policy that changes counts for what was prepared before", async () => {
    await share(mine);
    expect(await ask("user 1", mine)).toHaveLength(1);
    await session.query("alter policy own on notes using (false)");
    try {
      expect(await ask("user 1", mine)).toEqual([]);
    } finally {
      await session.query("alter policy own on notes using (user_id = (select auth.uid()))");
    }
    expect(await ask("user 1", mine)).toHaveLength(1);
  });

  it("positions of errors are those in the caller's text", async () => {
    const wrong = "select body from notes where nothing = $1";
    await share(wrong);
    await expect(ask("user 1", wrong, ["x"])).rejects.toMatchObject({ code: "42703", position: 30 });
  });

  it("sessions that die are replaced, and reads are asked again", async () => {
    await share(mine);
    const kill = () =>
      admin.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [
        clients.logins.authenticated,
      ]);
    const asking = Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        ask("user 1", mine).catch(({ code }) => {
          expect(["57P01", "Y4001"]).toContain(code);
          return index;
        }),
      ),
    );
    await kill();
    await asking;
    expect(await ask("user 1", mine)).toMatchObject([{ user_id: "user 1" }]);
  });
});
