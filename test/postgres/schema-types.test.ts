import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTables } from "../../src/postgres/schema/read-tables.ts";
import { readTypes } from "../../src/postgres/schema/read-types.ts";
import { renderTypes } from "../../src/postgres/schema/render-types.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let client: pg.Client;
let directory: string;

beforeAll(async () => {
  server = await startTestServer();
  client = await server.connect({ database: await server.createDatabase() });
  directory = await mkdtemp(join(tmpdir(), "pty-"));
  await client.query(`
    create type mood as enum ('good', 'so "so"');
    create domain email as text not null check (value like '%@%');
    create domain moods as mood[];
    create schema "my app";
    create table users (id bigint generated always as identity primary key, mail email, name text, mood mood not null default 'good',
      moods moods, tags text[], score float8, born date, data jsonb not null, "odd name" int, doubled int generated always as (1) stored);
    create table "my app"."a-b" (x numeric not null);
    create table parts (id int) partition by list (id);
    create table parts_1 partition of parts for values in (1);
    create view grown as select id, name from users;
    create function add(a int, b int default 1) returns int language sql as 'select a + b';
    create function add(a text) returns setof text language sql as 'select a';
    create function nothing() returns void language sql as '';
    create function on_change() returns trigger language plpgsql as 'begin return new; end';
    create extension pgcrypto;`);
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

describe("types of a schema", () => {
  it("compile, and say what may be read, inserted and changed", async () => {
    await writeFile(join(directory, "database.ts"), renderTypes(await readTypes(client)));
    await writeFile(
      join(directory, "use.ts"),
      `import type { Database } from "./database.ts";
       type Users = Database["public"]["Tables"]["users"];
       export const row: Users["Row"] = { id: "1", mail: "a@b", name: null, mood: "good", moods: ["good", null], tags: ["x"], score: "NaN",
         born: "2020-01-01", data: { a: [1] }, "odd name": 1, doubled: 1 };
       export const insert: Users["Insert"] = { mail: "a@b", data: {} };
       export const update: Users["Update"] = {};
       // @ts-expect-error an identity that is always generated takes no value
       export const identity: Users["Insert"] = { id: "1", mail: "a@b", data: {} };
       // @ts-expect-error there is no such mood
       export const mood: Database["public"]["Enums"]["mood"] = "bad";
       // @ts-expect-error the column wants a value
       export const lacking: Users["Insert"] = { mail: "a@b" };
       // @ts-expect-error numeric is exact, so it is a string
       export const exact: Database["my app"]["Tables"]["a-b"]["Row"] = { x: 1 };
       export const view: Database["public"]["Views"]["grown"]["Row"] = { id: null, name: null };
       export const call: Database["public"]["Functions"]["add"] = { Args: { a: 1 }, Returns: 2 };
       export const other: Database["public"]["Functions"]["add"] = { Args: { a: "x" }, Returns: ["y"] };
       export const nothing: Database["public"]["Functions"]["nothing"]["Returns"] = null;
      `,
    );
    const tsc = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
    const options = [
      "--noEmit",
      "--strict",
      "--allowImportingTsExtensions",
      "--module",
      "nodenext",
      "--ignoreConfig",
    ];
    const end = spawnSync(process.execPath, [tsc, ...options, join(directory, "use.ts")], {
      encoding: "utf8",
    });
    expect({ status: end.status, said: end.stdout }).toEqual({ status: 0, said: "" });
  });

  it("leave out what extensions made, triggers' functions and partitions, and come out the same each time", async () => {
    const text = renderTypes(await readTypes(client));
    expect(text).not.toMatch(/gen_salt|on_change|parts_1/);
    expect(text).toContain("parts: {");
    expect(renderTypes(await readTypes(client))).toBe(text);
  });
});

it("tables are listed with their kinds, partitions not apart", async () => {
  const tables = await readTables(client);
  expect(tables.map(({ schema, name, kind, columns }) => [schema, name, kind, columns])).toEqual([
    ["my app", "a-b", "table", 1],
    ["public", "grown", "view", 2],
    ["public", "parts", "partitioned table", 1],
    ["public", "users", "table", 11],
  ]);
});
