/** What people do to their migrations, over the API of a started daemon, as the owner sees it afterwards. */
import type { MigrationState } from "@postern/sdk/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { applyMigrations } from "../../src/migrations/apply-migrations.ts";
import { migrationFile } from "../../src/migrations/migration-file.ts";
import { createMigratedDatabase, filesOf, type MigratedDatabase } from "../support/migrated-database.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { withSession } from "../support/session.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let database: MigratedDatabase;
let count = 0;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
});
afterAll(() => postern.close());
beforeEach(async () => {
  count += 1;
  database = await createMigratedDatabase(postern, `app-${count}`);
});

describe("a run", () => {
  it("applies files in the order of their names, whatever order they come in, and then has nothing to do", async () => {
    const files = {
      "010_last.sql": "insert into log values ('010')",
      "002_then.sql": "insert into log values ('002')",
      "001_first.sql": "create table log (file text, at serial); insert into log values ('001')",
    };
    const result = await database.applied(files);
    expect(result).toMatchObject({ total: 3, already_applied: 0, applied: 3 });
    expect(result.migrations.map(({ name }) => name)).toEqual([
      "001_first.sql",
      "002_then.sql",
      "010_last.sql",
    ]);
    expect(await database.query("select file from log order by at")).toEqual([
      { file: "001" },
      { file: "002" },
      { file: "010" },
    ]);
    expect(await database.applied(files)).toMatchObject({
      total: 3,
      already_applied: 3,
      applied: 0,
      migrations: [],
    });
    expect(await database.query("select count(*)::int as n from log")).toEqual([{ n: 3 }]);
  });

  it("reads several statements, bodies in dollar quotes, comments and any script of the world", async () => {
    await database.applied({
      "001_all.sql": `-- Größe; naïve; 日本語;
        create table "größe" ("名前" text default 'semi;colon', "ключ" int); /* ; /* nested ; */ */
        create function double(x int) returns int language plpgsql as $body$
        begin
          -- a ; in a comment, and $$ inside
          return x * 2;
        end $body$;
        insert into "größe" values ('Zoë 😀; $$', double(21));
        do $$ begin perform 1; insert into "größe" ("ключ") values (1); end $$;`,
    });
    expect(await database.query(`select "名前" as name, "ключ" as key from "größe" order by 2`)).toEqual([
      { name: "semi;colon", key: 1 },
      { name: "Zoë 😀; $$", key: 42 },
    ]);
  });

  it("installs pgcrypto for a file that calls it", async () => {
    const result = await database.applied({
      "001_secret.sql": "create table t as select encode(digest('x', 'sha256'), 'hex') as hash",
    });
    expect(result.migrations[0]!.notes).toEqual([expect.stringContaining("pgcrypto")]);
    expect(await database.query("select extname from pg_extension where extname = 'pgcrypto'")).toHaveLength(
      1,
    );
  });

  it("lets neither the settings nor the role of one file reach the next", async () => {
    await database.applied({
      "001_path.sql": "create schema app; set search_path = app; create table inside (a int)",
      "002_role.sql": `set statement_timeout = '5s'; set role ${database.urls.user}; create table outside (a int)`,
      "003_state.sql":
        "create table state as select current_user::text as role, current_setting('search_path') as path, current_setting('statement_timeout') as timeout",
    });
    expect(
      await database.query(
        "select schemaname as s, tablename as t from pg_tables where tableowner = current_user order by t",
      ),
    ).toEqual([
      { s: "app", t: "inside" },
      { s: "public", t: "outside" },
      { s: "public", t: "state" },
    ]);
    expect(await database.query("select * from state")).toEqual([
      { role: database.urls.user, path: '"$user", public', timeout: "10min" },
    ]);
  });

  it("fails at the file's line when it takes a role that is not the owner's", async () => {
    for (const role of ["postern_admin", "postern_backup", "postern_ident"]) {
      expect(await database.migrate({ "001_role.sql": `select 1;\nset role ${role};` })).toMatchObject({
        status: "failed",
        result: { migrations: [{ outcome: "failed", error: { code: "42501", line: 2 } }] },
      });
    }
    expect(await database.ledger()).toEqual([]);
  });
});

describe("a file that fails in its middle", () => {
  const files = {
    "001_users.sql": "create table users (id int)",
    "002_orders.sql":
      "create table orders (id int);\ninsert into orders values (1);\n  -- größer 😀\n  insert into orders (größe, nope) values (1, 2);\ncreate table never ();",
    "003_rest.sql": "create table rest ()",
  };

  it("leaves nothing of itself, keeps the file before, runs none after, and tells where and why", async () => {
    const { status, error, result } = await database.migrate(files);
    expect({ status, error }).toMatchObject({
      status: "failed",
      error: { code: "Y5002", message: expect.stringContaining("002_orders.sql") },
    });
    expect(result).toMatchObject({ total: 3, already_applied: 0, applied: 1 });
    expect(result.migrations.map(({ outcome }) => outcome)).toEqual(["applied", "failed", "not_run"]);
    expect(result.migrations[1]!.error).toMatchObject({
      code: "42703",
      message: expect.stringContaining("größe"),
      file: "002_orders.sql",
      line: 4,
      column: 23,
      line_text: "  insert into orders (größe, nope) values (1, 2);",
    });
    expect(await database.query("select tablename as t from pg_tables where schemaname = 'public'")).toEqual([
      { t: "users" },
    ]);
    expect(await database.ledger()).toEqual(["001_users.sql"]);
  });

  it("is applied with the rest once it is mended", async () => {
    await database.migrate(files);
    const mended = { ...files, "002_orders.sql": "create table orders (id int)" };
    expect(await database.applied(mended)).toMatchObject({ already_applied: 1, applied: 2 });
    expect(await database.ledger()).toEqual(Object.keys(files));
  });
});

describe("an applied file that was changed", () => {
  it("is named, and nothing is run", async () => {
    const files = { "001_a.sql": "create table a (x int)", "002_b.sql": "create table b (x int)" };
    await database.applied(files);
    const changed = {
      ...files,
      "001_a.sql": "create table a (x bigint)",
      "003_c.sql": "create table c (x int)",
    };
    expect(await database.migrate(changed)).toMatchObject({
      status: "failed",
      error: { code: "Y5001", message: expect.stringContaining("001_a.sql") },
    });
    expect(await database.query("select to_regclass('c') as c")).toEqual([{ c: null }]);
    expect(await database.ledger()).toEqual(Object.keys(files));
    const path = `/v1/databases/${database.id}/migrations/status`;
    const states = await postern.api<MigrationState[]>("POST", path, { files: filesOf(changed) });
    expect(states.map(({ state }) => state)).toEqual(["changed", "applied", "pending"]);
  });
});

describe("two migrators at once", () => {
  const files = {
    "001_a.sql": "create table a (x int); select pg_sleep(0.3)",
    "002_b.sql": "create table b (x int)",
  };

  it("over the API apply each file once", async () => {
    const ends = await Promise.all([
      database.migrate(files),
      database.migrate(files),
      database.migrate(files),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
    expect(ends.map(({ result }) => result.applied).sort()).toEqual([0, 0, 2]);
    expect(await database.ledger()).toEqual(Object.keys(files));
  });

  it("of which one has a connection of its own wait for each other", async () => {
    const engine = filesOf(files).map(({ name, sql }) => migrationFile(name, sql));
    const [own, api] = await withSession(database.urls.direct, async (client) => {
      const running = applyMigrations(client, engine);
      await waitUntil("the first holds the lock", async () => {
        const locks = await database.query(
          "select from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())",
        );
        return locks.length > 0;
      });
      return Promise.all([running, database.migrate(files)]);
    });
    expect(own.applied).toBe(2);
    expect(api).toMatchObject({ status: "completed", result: { applied: 0, already_applied: 2 } });
  });

  it("that do not get the lock say who has it and run nothing", async () => {
    // The key that Postern's migrators lock.
    const lock = `select pg_advisory_lock(${0x506f737465726en})`;
    await withSession(database.urls.direct, async (holder) => {
      await holder.query("set application_name = 'someone else'");
      await holder.query(lock);
      expect(await database.migrate(files)).toMatchObject({
        status: "failed",
        error: { code: "Y5003", detail: expect.stringContaining("someone else") },
      });
    });
    expect(await database.query("select to_regclass('a') as a")).toEqual([{ a: null }]);
    expect(await database.applied(files)).toMatchObject({ applied: 2 });
  });
});

describe("transactions", () => {
  it("CREATE INDEX CONCURRENTLY runs outside of one", async () => {
    const result = await database.applied({
      "001_t.sql": "create table t as select g as a from generate_series(1, 1000) g",
      "002_index.sql":
        "create index concurrently t_a on t (a);\ncreate unique index concurrently t_a_key on t (a);",
    });
    expect(result.migrations.map((migration) => migration.no_transaction)).toEqual([false, true]);
    expect(
      await database.query(
        "select indexrelid::regclass::text as i, indisvalid as valid from pg_index where indrelid = 't'::regclass order by 1",
      ),
    ).toEqual([
      { i: "t_a", valid: true },
      { i: "t_a_key", valid: true },
    ]);
  });

  it("a file outside of one that fails halfway is continued after the data is mended", async () => {
    const files = {
      "001_t.sql": "create table t as select 1 as a union all select 1",
      "002_index.sql":
        "create table log (a int);\ninsert into log values (1);\ncreate unique index concurrently t_a on t (a);\ninsert into log values (2);",
    };
    const failed = await database.migrate(files);
    expect(failed.result.migrations[1]).toMatchObject({
      outcome: "failed",
      no_transaction: true,
      error: { code: "23505", file: "002_index.sql", line: 3 },
    });
    expect(await database.query("select from pg_index where indrelid = 't'::regclass")).toEqual([]);
    expect(await database.ledger()).toEqual(["001_t.sql"]);
    await database.query("delete from t where ctid = (select min(ctid) from t)");
    const result = await database.applied(files);
    expect(result.migrations[0]!.notes).toEqual([expect.stringContaining("continued")]);
    expect(await database.query("select a from log order by a")).toEqual([{ a: 1 }, { a: 2 }]);
    expect(
      await database.query("select indisvalid as valid from pg_index where indrelid = 't'::regclass"),
    ).toEqual([{ valid: true }]);
  });

  it("a file wrapped in BEGIN … COMMIT is one transaction, with its row in the ledger", async () => {
    await database.applied({
      "001_wrapped.sql": "BEGIN;\ncreate table a (x int);\ninsert into a values (1);\nCOMMIT;\n",
    });
    expect(await database.query("select x from a")).toEqual([{ x: 1 }]);
    const failed = await database.migrate({
      "001_wrapped.sql": "BEGIN;\ncreate table a (x int);\ninsert into a values (1);\nCOMMIT;\n",
      "002_wrapped.sql": "begin;\ncreate table b (x int);\nselect 1 / 0;\ncommit;",
    });
    expect(failed.result.migrations).toMatchObject([
      { outcome: "failed", error: { code: "22012", line: 3 } },
    ]);
    expect(await database.query("select to_regclass('b') as b")).toEqual([{ b: null }]);
  });

  it.each(["commit", "rollback", "begin", "commit and chain", "prepare transaction 'x'"])(
    "%s in the middle of a file is refused at its line, and nothing of the file is run",
    async (statement) => {
      const failed = await database.migrate({
        "001_t.sql": `create table t (a int);\n${statement};\ncreate table u (a int);`,
      });
      expect(failed.result.migrations).toMatchObject([
        { outcome: "failed", error: { code: "Y5007", line: 2, column: 1, line_text: `${statement};` } },
      ]);
      expect(await database.query("select to_regclass('t') as t, to_regclass('u') as u")).toEqual([
        { t: null, u: null },
      ]);
    },
  );
});
