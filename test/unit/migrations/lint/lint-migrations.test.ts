import { describe, expect, it } from "vitest";
import { lintMigrations } from "../../../../src/migrations/lint/lint-migrations.ts";
import { type LintRuleId, lintRules } from "../../../../src/migrations/lint/lint-rules.ts";
import { filesOf } from "../../../support/migration-fixture.ts";

const before = `create table users (id int, email varchar(20), note text);
create table posts (id int primary key, author int, title text);
alter table users enable row level security; alter table posts enable row level security;`;

/** Rules that fire in the second file; the first makes two tables. */
async function rulesOf(sql: string, more: Record<string, string> = {}): Promise<LintRuleId[]> {
  const files = filesOf({
    "001_before.sql": before,
    ...more,
    "009_now.sql": `set lock_timeout = '1s';\n${sql}`,
  });
  const findings = await lintMigrations(files, { only: new Set(["009_now.sql"]) });
  return [...new Set(findings.map(({ rule }) => rule))].sort();
}

/** Each rule: what fires it, and the nearest to it that does not. */
const cases: Partial<Record<LintRuleId, { fires: string[]; holds: string[] }>> = {
  index_not_concurrent: {
    fires: ["create index on users (id)", "do $$ begin create index on users (id); end $$"],
    holds: ["create index concurrently on users (id)", "create table t (a int); create index on t (a)"],
  },
  index_drop_not_concurrent: { fires: ["drop index i"], holds: ["drop index concurrently i"] },
  reindex_not_concurrent: {
    fires: ["reindex table users", "reindex index i"],
    holds: ["reindex table concurrently users", "create table t (a int); reindex table t"],
  },
  refresh_not_concurrent: {
    fires: ["refresh materialized view m"],
    holds: [
      "refresh materialized view concurrently m",
      "create materialized view m as select 1; refresh materialized view m",
    ],
  },
  constraint_builds_index: {
    fires: [
      "alter table users add unique (email)",
      "alter table users add primary key (id)",
      "alter table users add column code int unique",
      "alter table users add exclude using gist (note with =)",
    ],
    holds: [
      "alter table users add constraint u unique using index i",
      "create table t (a int); alter table t add unique (a)",
    ],
  },
  unique_on_existing: {
    fires: ["create unique index concurrently on users (email)"],
    holds: [
      "create index concurrently on users (email)",
      "create table t (a int); create unique index on t (a)",
    ],
  },
  foreign_key_validated: {
    fires: [
      "alter table posts add foreign key (author) references users (id)",
      "alter table posts add column editor int references users (id)",
    ],
    holds: [
      "alter table posts add foreign key (author) references users (id) not valid",
      "create table t (a int references users (id))",
    ],
  },
  check_validated: {
    fires: ["alter table users add check (id > 0)", "alter table users add column age int check (age > 0)"],
    holds: ["alter table users add check (id > 0) not valid"],
  },
  validate_in_same_transaction: {
    fires: [
      "alter table users add constraint c check (id > 0) not valid; alter table users validate constraint c",
    ],
    holds: ["alter table users validate constraint c"],
  },
  set_not_null: {
    fires: ["alter table users alter email set not null"],
    holds: [
      "alter table users alter email drop not null",
      "create table t (a int); alter table t alter a set not null",
    ],
  },
  column_not_null: {
    fires: ["alter table users add column age int not null"],
    holds: [
      "alter table users add column age int not null default 0",
      "alter table users add column age int",
    ],
  },
  column_rewrites_table: {
    fires: [
      "alter table users add column k uuid default gen_random_uuid()",
      "alter table users add column k bigserial",
      "alter table users add column k int generated always as identity",
      "alter table users add column k int generated always as (id * 2) stored",
    ],
    holds: [
      "alter table users add column k timestamptz default now()",
      "alter table users add column k int default 5",
      "alter table users add column k timestamptz default current_timestamp",
    ],
  },
  column_type_change: {
    fires: [
      "alter table users alter id type bigint",
      "alter table users alter email type varchar(10)",
      "alter table users alter email type text using upper(email)",
    ],
    holds: ["alter table users alter email type text", "alter table users alter email type varchar(50)"],
  },
  table_rewrite: {
    fires: [
      "alter table users set unlogged",
      "alter table users set tablespace t",
      "cluster users using i",
      "vacuum full users",
    ],
    holds: ["vacuum users", "create table t (a int); alter table t set unlogged"],
  },
  lock_table: { fires: ["lock table users"], holds: ["lock table users in row share mode"] },
  rename: {
    fires: ["alter table users rename to people", "alter table users rename column note to remark"],
    holds: ["create table t (a int); alter table t rename to s", "alter index i rename to j"],
  },
  drop_table: {
    fires: ["drop table users", "drop table if exists public.users", "drop materialized view m"],
    holds: ["create table t (a int); drop table t", "drop view v"],
  },
  drop_column: {
    fires: [
      "alter table users drop column note",
      "do $$ begin if true then alter table users drop note; end if; end $$",
    ],
    holds: ["alter table users alter note drop default"],
  },
  drop_schema: { fires: ["drop schema app"], holds: ["create schema app"] },
  drop_cascade: { fires: ["drop view v cascade", "drop type t cascade"], holds: ["drop view v"] },
  truncate: { fires: ["truncate users"], holds: ["create table t (a int); truncate t"] },
  delete_all_rows: { fires: ["delete from users"], holds: ["delete from users where id = 1"] },
  update_all_rows: { fires: ["update users set id = 1"], holds: ["update users set id = 1 where id = 2"] },
  grant_to_clients: {
    fires: [
      "grant select on users to anon",
      "grant execute on function f() to public",
      "alter default privileges grant select on tables to anon",
      "grant all on schema public to anon",
      "grant pg_read_all_data to authenticated",
    ],
    holds: [
      "grant select on users to authenticated",
      "revoke all on users from anon",
      "grant usage on schema public to anon",
    ],
  },
  row_security_off: {
    fires: [
      "create table t (a int); grant select on t to authenticated",
      "alter default privileges grant select on tables to authenticated; create table t (a int)",
      "alter table users disable row level security",
      "create table t (a int); grant select on all tables in schema public to authenticated",
    ],
    holds: [
      "create table t (a int); grant select on t to authenticated; alter table t enable row level security",
      "grant select on users to authenticated",
      "create table t (a int)",
    ],
  },
  not_atomic: {
    fires: ["create table t (a int); create index concurrently on users (id)"],
    holds: ["create index concurrently on users (id); create index concurrently on users (note)"],
  },
};

describe.each(Object.entries(cases))("%s", (rule, { fires, holds }) => {
  it.each(fires)("is found in: %s", async (sql) => {
    expect(await rulesOf(sql)).toContain(rule);
  });

  it.each(holds)("is not found in: %s", async (sql) => {
    expect(await rulesOf(sql)).not.toContain(rule);
  });
});

it("has a case for every rule but those about the lint itself and lock_timeout_missing", () => {
  const others = ["lock_timeout_missing", "allow_without_reason", "allow_unknown_rule"];
  expect([...Object.keys(cases), ...others].sort()).toEqual(Object.keys(lintRules).sort());
});

it("finds nothing in the careful way to make a column NOT NULL", async () => {
  const rules = await rulesOf("alter table users alter email set not null", {
    "002_promise.sql": "alter table users add constraint has_email check (email is not null) not valid;",
    "003_keep.sql": "alter table users validate constraint has_email;",
  });
  expect(rules).toEqual([]);
});

it("does not take a promise that nobody kept for the careful way", async () => {
  const rules = await rulesOf("alter table users alter email set not null", {
    "002_promise.sql": "alter table users add constraint has_email check (email is not null) not valid;",
  });
  expect(rules).toEqual(["set_not_null"]);
});

describe("lock_timeout_missing", () => {
  const lint = (sql: string, lockTimeoutGiven = false) =>
    lintMigrations(filesOf({ "001.sql": sql }), { lockTimeoutGiven });

  it.each([
    "alter table users add column a int",
    "create trigger t before insert on users for each row execute function f()",
    "create table t (a int references users)",
    "drop policy p on users",
    "create policy p on users",
  ])("is found once, at the first that waits: %s", async (sql) => {
    const findings = await lint(`select 1;\n${sql};\n${sql}`);
    expect(findings.filter(({ rule }) => rule === "lock_timeout_missing")).toMatchObject([
      { line: 2, column: 1 },
    ]);
  });

  it.each([
    "set lock_timeout = '2s'; alter table users add column a int",
    "alter table users validate constraint c",
    "create table t (a int); alter table t add column b int",
    "create index concurrently on users (id)",
  ])("is not found in: %s", async (sql) => {
    expect((await lint(sql)).map(({ rule }) => rule)).not.toContain("lock_timeout_missing");
  });

  it("is not looked for when every file gets one", async () => {
    expect(await lint("alter table users add column a int", true)).toEqual([]);
  });
});

describe("a finding", () => {
  it("tells file, line and column, in characters, past a byte order mark and with CRLF", async () => {
    const sql =
      '\ufeffset lock_timeout = 1;\r\n-- ä €\r\nalter table "ä"\r\n  add column "é" int, drop column b, add column c int not null;';
    expect(await lintMigrations(filesOf({ "001.sql": sql }))).toMatchObject([
      { rule: "drop_column", file: "001.sql", line: 3, column: 1 },
      { rule: "column_not_null", file: "001.sql", line: 4, column: 49, severity: "error" },
    ]);
  });

  it("is not raised by a word in a string, a comment or a function's body", async () => {
    const sql =
      "select 'drop table users'; -- drop table users\ncreate function f() returns void language plpgsql as $$ begin truncate users; end $$;";
    expect(await lintMigrations(filesOf({ "001.sql": sql }))).toEqual([]);
  });
});

describe("an allowance", () => {
  const found = async (sql: string) =>
    (await lintMigrations(filesOf({ "001.sql": sql }))).map(({ rule, line }) => `${rule}:${line}`);

  it.each([
    "-- postern:allow truncate the rows are made again every night\ntruncate users;",
    "truncate users; -- postern:allow truncate the rows are made again every night\n",
    "truncate -- postern:allow truncate the rows are made again every night\nusers;",
    "-- postern:allow truncate the rows are made again\r\n\r\n-- and so on\r\ntruncate users;\r\n",
  ])("with a reason silences its rule for its statement: %j", async (sql) => {
    expect(await found(`set lock_timeout = 1;\n${sql}`)).toEqual([]);
  });

  it("says nothing about the next statement", async () => {
    expect(
      await found("set lock_timeout = 1;\n-- postern:allow truncate why\ntruncate users;\ntruncate posts;"),
    ).toEqual(["truncate:4"]);
  });

  it("without a reason is refused", async () => {
    expect(await found("set lock_timeout = 1;\n-- postern:allow truncate\ntruncate users;")).toEqual([
      "allow_without_reason:2",
      "truncate:3",
    ]);
  });

  it("of an unknown rule is refused", async () => {
    expect(await found("-- postern:allow trunkate because\nselect 1;")).toEqual(["allow_unknown_rule:1"]);
  });

  it("may be written with hyphens", async () => {
    expect(
      await found("-- postern:allow drop-table nobody reads it\ndrop table if exists only_here;"),
    ).toEqual(["lock_timeout_missing:2"]);
  });
});

it("looks only at the files that are asked for, and knows what those before them made", async () => {
  const files = filesOf({ "001.sql": "create table a (b int); truncate c", "002.sql": "truncate a" });
  const findings = await lintMigrations(files, { only: new Set(["002.sql"]), lockTimeoutGiven: true });
  expect(findings.map(({ file, rule }) => ({ file, rule }))).toEqual([{ file: "002.sql", rule: "truncate" }]);
});
