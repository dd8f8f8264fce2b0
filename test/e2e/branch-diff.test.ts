/** Differences between the schemas of a branch and its parent. */
import type { CreatedBranch, CreatedDatabase, SchemaDiff } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { richDatabase } from "../support/backup-steps.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
let fixture: BackupFixture;
let parent: CreatedDatabase;
let branch: CreatedBranch;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  fixture = backupFixture(postern);
  parent = await fixture.create("diff-parent");
  await fixture.rows(parent.id, await richDatabase());
  branch = await postern.api("POST", `/v1/databases/${parent.id}/branches`, { name: "diff-branch" });
}, 120_000);
afterAll(() => postern.close());

const cli = (...args: string[]) =>
  postern.run(["db", "branch", "diff", "diff-branch", ...args, "--exit-code"], {
    environment: { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() },
  });
const diff = (base?: string) =>
  postern.api<SchemaDiff>("GET", `/v1/databases/${branch.id}/schema-diff${base ? `?base=${base}` : ""}`);

it("finds none right after the branch was made, whatever is in the database", async () => {
  expect((await diff()).lines).toEqual([]);
  const end = await cli();
  expect([end.code, end.stdout.trim(), end.stderr]).toEqual([
    0,
    "",
    expect.stringContaining("the same schema"),
  ]);
});

it("tells each kind of change as a migration would make it, and back", async () => {
  await fixture.rows(
    parent.id,
    `create table plain (id int primary key, note text, age int, constraint adult check (age >= 18));
     create index plain_note on plain (note); create type temper as enum ('glad');
     create function twice(a int) returns int language sql as 'select a * 2';
     create view notes as select note from plain; create table old (a int)`,
  );
  await fixture.completed(await postern.api("POST", `/v1/databases/${branch.id}/branch/reset`));
  expect((await diff()).different).toBe(false);
  await fixture.rows(
    branch.id,
    `drop view notes; drop table old; drop index plain_note; alter table plain drop constraint adult;
     alter table plain alter age type bigint, drop note, add email text not null default '';
     create table fresh (id bigint generated always as identity primary key, plain_id int references plain);
     alter type temper add value 'sad'; alter table plain enable row level security;
     create policy own on plain for select to authenticated using (email = auth.uid());
     create or replace function twice(a int) returns int language sql as 'select a + a'`.replace(
      "enable row security",
      "enable row level security",
    ),
  );
  const { lines, changes } = await diff();
  expect(lines).toEqual([
    "~ type public.temper: enum ('glad') → enum ('glad', 'sad')",
    "~ function public.twice(a integer)",
    "    - AS $function$select a * 2$function$",
    "    + AS $function$select a + a$function$",
    "+ table public.fresh",
    "    + column id bigint generated always as identity not null",
    "    + column plain_id integer",
    "    + constraint fresh_pkey PRIMARY KEY (id)",
    "    + constraint fresh_plain_id_fkey FOREIGN KEY (plain_id) REFERENCES public.plain(id)",
    "- table public.old",
    "~ table public.plain",
    "    - column note",
    "    ~ column age: age integer → age bigint",
    "    + column email text default ''::text not null",
    "    - constraint adult",
    "    - index public.plain_note",
    "    + row security enabled",
    "    + policy own on public.plain for select to authenticated using ((email = auth.uid()))",
    "- view public.notes",
    "+ grant table public.fresh to authenticated: select",
  ]);
  expect(changes.find(({ kind }) => kind === "policy")).toEqual({
    change: "added",
    kind: "policy",
    name: "public.plain.own",
    table: "public.plain",
    before: null,
    after: "policy own on public.plain for select to authenticated using ((email = auth.uid()))",
  });
  const back = await postern.api<SchemaDiff>(
    "GET",
    `/v1/databases/${parent.id}/schema-diff?base=${branch.id}`,
  );
  expect(back.changes.map(({ change }) => change).filter((change) => change === "removed")).toHaveLength(
    changes.filter(({ change, kind }) => change === "added" && kind !== "grant").length,
  );
  const end = await cli("diff-parent");
  expect([end.code, end.stdout.trimEnd().split("\n")]).toEqual([8, lines]);
});

it("wants a base for a database that is no branch", async () => {
  await expect(postern.api("GET", `/v1/databases/${parent.id}/schema-diff`)).rejects.toMatchObject({
    code: "Y3070",
  });
});
