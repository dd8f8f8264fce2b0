import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appliedNames, column, createOwnedDatabase, migrate } from "../../support/migration-fixture.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
let database: string;
let owner: string;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  ({ database, owner } = await createOwnedDatabase(server));
  client = await server.connect({ database, user: owner });
});

describe("a file", () => {
  it("may hold several statements, dollar-quoted bodies, comments and any script of the world", async () => {
    const result = await migrate(client, {
      "001_first.sql": `-- Größe; 尺寸 😀
        create table "größe" (id int generated always as identity primary key, wert text);
        /* ; */ insert into "größe" (wert) values ('größer; 😀'), ('$$');
        create function verdoppeln(n int) returns int language plpgsql as $body$
        begin
          return n * 2; -- a comment; with a semicolon
        end $body$;`,
      "002_empty.sql": "-- nothing yet\n",
    });
    expect(result).toMatchObject({ total: 2, already_applied: 0, applied: 2, notes: [] });
    expect(result.migrations.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["001_first.sql", "applied"],
      ["002_empty.sql", "applied"],
    ]);
    expect(await column(client, `select wert from "größe" order by id`)).toEqual(["größer; 😀", "$$"]);
    expect(await column(client, "select verdoppeln(21)")).toEqual([42]);
    expect(await column(client, "select tableowner from pg_tables where tablename = 'größe'")).toEqual([
      owner,
    ]);
  });

  it("is applied once", async () => {
    const files = { "001_a.sql": "create table a ()", "002_b.sql": "create table b ()" };
    await migrate(client, { "001_a.sql": files["001_a.sql"] });
    expect(await migrate(client, files)).toMatchObject({ total: 2, already_applied: 1, applied: 1 });
    expect(await migrate(client, files)).toMatchObject({ already_applied: 2, applied: 0, migrations: [] });
    expect(await appliedNames(client)).toEqual(["001_a.sql", "002_b.sql"]);
  });

  it("that fails in its middle leaves nothing, and shows line, column and what Postgres said", async () => {
    const result = await migrate(client, {
      "001_good.sql": "create table good ()",
      "002_bad.sql":
        "create table half ();\n-- 😀 é\ninsert into half default values;\n  select '😀', nmae\n    from good;\n",
      "003_later.sql": "create table later ()",
    });
    expect(result).toMatchObject({ total: 3, applied: 1 });
    expect(result.migrations.map(({ outcome }) => outcome)).toEqual(["applied", "failed", "not_run"]);
    expect(result.migrations[1]!.error).toMatchObject({
      code: "42703",
      message: 'column "nmae" does not exist',
      file: "002_bad.sql",
      line: 4,
      column: 15,
      line_text: "  select '😀', nmae",
    });
    expect(await column(client, "select relname from pg_class where relname in ('half', 'later')")).toEqual(
      [],
    );
    expect(await appliedNames(client)).toEqual(["001_good.sql"]);
  });

  it("that is no SQL is refused at its place, after what came before it", async () => {
    const { migrations } = await migrate(client, {
      "001_a.sql": "create table a ()",
      "002_b.sql": "select 1;\nselec 2;",
    });
    expect(migrations[0]!.outcome).toBe("applied");
    expect(migrations[1]!.error).toMatchObject({ code: "42601", line: 2, column: 1, line_text: "selec 2;" });
  });

  it("that fails where Postgres gives no position shows the statement's line and no column", async () => {
    const { migrations } = await migrate(client, {
      "001.sql": "create table t (a int unique);\ninsert into t values (1);\n\ninsert into t\n  values (1);",
    });
    expect(migrations[0]!.error).toMatchObject({
      code: "23505",
      detail: "Key (a)=(1) already exists.",
      line: 4,
      column: null,
      line_text: "insert into t",
    });
  });

  it("that fails inside a DO block shows the block's line", async () => {
    const { migrations } = await migrate(client, {
      "001.sql": "select 1;\ndo $$\nbegin\n  perform 1;\n  perform 1 / 0;\nend $$;",
    });
    expect(migrations[0]!.error).toMatchObject({
      code: "22012",
      line: 5,
      column: null,
      line_text: "  perform 1 / 0;",
    });
  });

  it("that fails at its commit is rolled back whole", async () => {
    const { migrations } = await migrate(client, {
      "001.sql": `create table p (id int primary key);
        create table c (p int references p deferrable initially deferred);
        insert into c values (1);`,
    });
    expect(migrations[0]!.error).toMatchObject({ code: "23503", line: null, column: null });
    expect(await column(client, "select relname from pg_class where relname in ('p', 'c')")).toEqual([]);
    expect(await appliedNames(client)).toEqual([]);
  });

  it("may be one BEGIN … COMMIT, whose isolation level counts, and may have savepoints", async () => {
    const result = await migrate(client, {
      "001.sql": `begin isolation level serializable;
        create table level as select current_setting('transaction_isolation') as name;
        savepoint a; insert into level values ('lost'); rollback to a;
        commit;`,
    });
    expect(result.applied).toBe(1);
    expect(await column(client, "select name from level")).toEqual(["serializable"]);
  });

  it.each([
    ["create table a ();\ncommit;\ncreate table b ();", 2],
    ["begin; create table a (); commit; create table b ();", 1],
    ["create table a ();\n\nrollback;", 3],
  ])("with transaction control elsewhere is refused before anything runs: %s", async (sql, line) => {
    const { migrations } = await migrate(client, { "001.sql": sql });
    expect(migrations[0]!.error).toMatchObject({ code: "Y5007", line });
    expect(await column(client, "select relname from pg_class where relname in ('a', 'b')")).toEqual([]);
  });

  it("with COPY from standard input is refused with its line", async () => {
    const { migrations } = await migrate(client, {
      "001.sql": "create table t (a int);\ncopy t from stdin;",
    });
    expect(migrations[0]!.error).toMatchObject({ code: "Y1011", line: 2 });
  });

  it("cannot end its transaction by quotes that the server reads otherwise", async () => {
    const { migrations } = await migrate(client, {
      "001.sql": String.raw`create table t (a text);
        set standard_conforming_strings = off;
        insert into t values ('\'); commit; create table escaped (); --');`,
    });
    expect(migrations[0]!.outcome).toBe("failed");
    expect(await column(client, "select relname from pg_class where relname in ('t', 'escaped')")).toEqual(
      [],
    );
  });

  it("gets a hint where Postgres has none", async () => {
    await client.query("create table t ()");
    const { migrations } = await migrate(client, { "001.sql": "create table t ()" });
    expect(migrations[0]!.error).toMatchObject({
      code: "42P07",
      hint: expect.stringContaining("IF NOT EXISTS"),
    });
  });
});
