import type { JsonValue } from "@postern/sdk/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { StatementBook } from "../../../src/query/shared/statement-book.ts";
import { type DataPlane, openDataPlane } from "../../support/query-context.ts";
import { type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: QueryFixture;
let plane: DataPlane;

beforeAll(async () => {
  fixture = await startQueryFixture();
  await fixture.admin.query("set role db_owner");
  plane = openDataPlane(fixture.address);
});
afterAll(async () => {
  await plane.close();
  await fixture.close();
});

/** Another session's change, which the book has not been told of. */
const change = (sql: string) => fixture.admin.query(sql);

const run = async (sql: string, params: JsonValue[] = []) => (await plane.query(sql, params)).rows;

/** The book's clock, which tests put forward: nothing waits for time to pass. */
let ahead = 0;
const clock = () => performance.now() + ahead;
const find = (sql: string) => plane.context.book.findShared(sql, clock());

const isShared = (sql: string) => waitUntil(`${sql} is shared`, async () => find(sql) !== undefined);
const isAlone = (sql: string) =>
  waitUntil(`${sql} is alone`, async () => {
    find(sql);
    return plane.context.book.verdict(sql) === "alone";
  });

/** Pids of the sessions that are not the fixture's own. */
async function sessions(): Promise<Set<number>> {
  const { rows } = await change("select pid from pg_stat_activity where application_name = 'postern'");
  return new Set(rows.map((row) => row.pid));
}

const trigger =
  "create function f() returns trigger language plpgsql as $$ begin perform set_config('my.leak', 'x', false); return new; end $$";
const insert = "insert into item (name) values ('x')";
const select = "select * from item";
const harmless = "create function g(a int) returns int language sql immutable as 'select 1'";

/** What runs behind the statement's back from then on. */
const changes: [what: string, sql: string, prepare: string[], change: string][] = [
  [
    "a trigger was added",
    insert,
    [trigger],
    "create trigger t before insert on item for each row execute function f()",
  ],
  [
    "a table took the place of another",
    insert,
    [
      trigger,
      "create table evil (like item including all)",
      "create trigger t before insert on evil for each row execute function f()",
    ],
    "alter table item rename to gone; alter table evil rename to item",
  ],
  [
    "a table of a schema took its place",
    insert,
    [
      trigger,
      "create schema other",
      "create table other.item (like item including all)",
      "create trigger t before insert on other.item for each row execute function f()",
    ],
    "alter table item rename to gone; alter index item_pkey rename to gone_pkey; alter sequence item_id_seq rename to gone_id_seq; alter table other.item set schema public",
  ],
  [
    "a view took the table's place",
    select,
    [],
    "alter table item rename to gone; create view item as select set_config('my.leak', 'x', false) from gone",
  ],
  [
    "an older view took the table's place",
    select,
    ["create view v as select current_setting('work_mem')"],
    "alter table item rename to gone; alter view v rename to item",
  ],
  [
    "a rule was added",
    insert,
    [],
    "create rule r as on insert to item do also select set_config('my.leak', 'x', false)",
  ],
  [
    "a default was added",
    insert,
    [],
    "alter table item alter n set default length(set_config('my.leak', 'x', false))",
  ],
  ["a check was added", insert, [], "alter table item add check (set_config('my.leak', 'x', false) <> '')"],
  ["an index was added", insert, [harmless], "create index on item (g(n))"],
  [
    "a function took a builtin one's name",
    "select lower(name) from item",
    [],
    "create function lower(a int) returns int language sql immutable as 'select 1'",
  ],
  ["an operator was added", select, [], "create operator !@ (rightarg = int8, function = pg_advisory_lock)"],
  [
    "a cast was added",
    select,
    [
      "create type mood as enum ('ok')",
      "create function m(mood) returns int language sql immutable as 'select 1'",
    ],
    "create cast (mood as int) with function m(mood)",
  ],
  [
    "a domain got a default",
    select,
    ["create domain d as text"],
    "alter domain d set default set_config('my.leak', 'x', false)",
  ],
  [
    "a domain got a check",
    select,
    ["create domain d as text"],
    "alter domain d add check (set_config('my.leak', value, false) <> '')",
  ],
  [
    "row security was forced",
    select,
    ["create policy p on item using (name = current_setting('a.b', true))"],
    "alter table item enable row level security, force row level security",
  ],
  [
    "a table inherits with a trigger",
    "update item set n = 1",
    [
      trigger,
      "create table item2 (like item)",
      "create trigger t before update on item2 for each row execute function f()",
    ],
    "alter table item2 inherit item",
  ],
  [
    "a cascade was added",
    "delete from item",
    [
      trigger,
      "create table part (item int)",
      "create trigger t before delete on part for each row execute function f()",
    ],
    "alter table part add foreign key (item) references item on delete cascade",
  ],
  [
    "the table was given away",
    select,
    ["alter table item enable row level security"],
    "reset role; alter table item owner to postern_admin; grant all on item to db_owner; set role db_owner",
  ],
  ["the table was dropped", select, [], "drop table item cascade"],
];

beforeEach(async () => {
  await change(
    "reset role; drop owned by db_owner cascade; drop table if exists item; drop schema if exists public; create schema public authorization db_owner; set role db_owner",
  );
  await change(
    "create table item (id int primary key generated always as identity, name text not null, n int)",
  );
  plane.context.book.noteRun("create");
});

describe("a change that another session makes", () => {
  it.each(changes)("%s: the statement is alone a second later", async (_what, sql, prepare, sudden) => {
    for (const one of prepare) await change(one);
    await isShared(sql);
    await change(sudden);
    ahead += 1_000;
    expect(find(sql)).toBeUndefined();
    await waitUntil("the book has taken in the change", async () => {
      expect(find(sql)).toBeUndefined();
      return plane.context.book.verdict(sql) === "alone";
    });
  });

  it("is taken in within 1.5 s, and replaces the sessions that were shared before", async () => {
    ahead = 0;
    plane.context.book.noteRun("create");
    await isShared(select);
    await Promise.all(Array.from({ length: 20 }, () => run(select)));
    const before = await sessions();
    await change(harmless);
    await waitUntil(
      "none of the old sessions is left",
      async () => {
        await run(select);
        return [...(await sessions())].every((pid) => !before.has(pid));
      },
      1_500,
    );
    expect(before.size).toBeGreaterThan(0);
  });

  it("is believed again when it is undone", async () => {
    await change(trigger);
    await change("create trigger t before insert on item for each row execute function f()");
    await isAlone(insert);
    await change("drop trigger t on item");
    ahead += 1_000;
    await isShared(insert);
  });

  it.each([
    [
      "a temporary table",
      [
        "create temp table mine (id int primary key default 1, a int check (a > 1))",
        "create index on mine (a)",
      ],
    ],
    [
      "rows and statistics",
      [
        "insert into item (name) select 'x' from generate_series(1, 1000)",
        "analyze item",
        "truncate item",
        "vacuum item",
      ],
    ],
  ])("to %s replaces nothing", async (_what, statements) => {
    await isShared(select);
    const before = await sessions();
    for (const sql of statements) await change(sql);
    for (let second = 0; second < 2; second++) {
      ahead += 1_000;
      expect(find(select)).toBeUndefined();
      await isShared(select);
    }
    expect(await sessions()).toEqual(before);
    await change("discard temp");
  });

  it("is seen at once when it was made over HTTP", async () => {
    await isShared(insert);
    await run(trigger);
    await run("create trigger t before insert on item for each row execute function f()");
    expect(find(insert)).toBeUndefined();
    await isAlone(insert);
  });
});

describe("the book", () => {
  it("shares nothing while the catalog cannot be asked", async () => {
    let isDown = false;
    const book = new StatementBook({
      ask: async () => {
        if (isDown) throw new Error("down");
        return "t";
      },
      onCatalogChange: () => {},
      audience: "owner",
    });
    const look = (now: number) => book.findShared("select 1", now);
    await waitUntil("the statement is shared", async () => look(performance.now()) !== undefined);
    isDown = true;
    const later = performance.now() + 1_001;
    expect(look(later)).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(look(later)).toBeUndefined();
    isDown = false;
    await waitUntil(
      "the statement is shared again",
      async () => look(performance.now() + 1_001) !== undefined,
    );
  });

  it("tries again when a statement could not be looked at", async () => {
    let isDown = true;
    const book = new StatementBook({
      ask: async () => {
        if (isDown) throw new Error("down");
        return "t";
      },
      onCatalogChange: () => {},
      audience: "owner",
    });
    book.findShared("select 1", 0);
    book.findShared("select 1", 0);
    await waitUntil("it was tried in vain", async () => book.verdict("select 1") === "new");
    isDown = false;
    await waitUntil("it is shared", async () => book.findShared("select 1", performance.now()) !== undefined);
  });

  it("forgets the oldest of more than 2000 statements", async () => {
    const book = new StatementBook({ ask: async () => "t", onCatalogChange: () => {}, audience: "owner" });
    for (let index = 0; index <= 2_000; index++) book.findShared(`select ${index}`, 0);
    expect([book.verdict("select 0"), book.verdict("select 1")]).toEqual([undefined, "new"]);
  });

  it("looks at nothing that was asked for only once", async () => {
    const asked: string[] = [];
    const book = new StatementBook({
      ask: async (sql) => {
        asked.push(sql);
        return "t";
      },
      onCatalogChange: () => {},
      audience: "owner",
    });
    book.findShared("select 1", 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect([asked, book.verdict("select 1")]).toEqual([[], "new"]);
  });

  it("asks nothing before there is a session, and what it found still counts behind it", async () => {
    const asked: string[] = [];
    let isSettled = true;
    const book = new StatementBook({
      ask: async (sql) => {
        asked.push(sql);
        return "t";
      },
      onCatalogChange: () => {},
      audience: "owner",
      isSettled: () => isSettled,
    });
    const look = (sql: string, now: number) => book.findShared(sql, now);
    await waitUntil("it is shared", async () => look("select 1", performance.now()) !== undefined);
    look("select 2", 0);
    isSettled = false;
    const before = asked.length;
    const later = performance.now() + 1_001;
    for (const sql of ["select 1", "select 2"]) expect(look(sql, later)).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect([asked.length, book.verdict("select 1"), book.verdict("select 2")]).toEqual([
      before,
      "shared",
      "new",
    ]);
    isSettled = true;
    look("select 1", later);
    await waitUntil("the catalog was looked at", async () => look("select 1", later) !== undefined);
  });

  it("knows the types of array parameters from the run before", async () => {
    const sql = "select $1::int[] as v";
    expect(await run(sql, [[1, 2]])).toEqual([{ v: [1, 2] }]);
    await isShared(sql);
    await run(sql, [[1, 2]]);
    expect(find(sql)?.parameterTypes).toEqual([1007]);
  });
});

describe("statements that are slow and alone", () => {
  it("hold up nothing that shares", async () => {
    ahead = 0;
    plane.context.book.noteRun("create");
    const sql = "select 1 as n";
    await isShared(sql);
    const slow = Array.from({ length: 2 }, () => run("select pg_sleep(2.5)"));
    const end = Promise.all(slow).then(() => "over");
    let answered = 0;
    while ((await Promise.race([end, run(sql).then(() => "answered")])) === "answered") answered++;
    // Longer than any belief lasts: the catalog was asked meanwhile.
    expect(answered).toBeGreaterThan(100);
    const startedAt = performance.now();
    await run(sql);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
