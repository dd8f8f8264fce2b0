/** pg_dump and pg_restore, as Postgres ships them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { postgresProgram, type Toolchain } from "../../src/runtime/toolchain.ts";
import { rowsOf } from "../support/session.ts";
import { testToolchain } from "../support/toolchain.ts";
import { outputOf } from "./support/run-program.ts";
import { describeEachWay, type Target, useDatabase } from "./support/ways.ts";

let toolchain: Toolchain;
let folder: string;
beforeAll(async () => {
  toolchain = await testToolchain();
  folder = await mkdtemp(join(tmpdir(), "pn-dump-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const content = `
  create schema shop;
  create table shop.customers (id int generated always as identity primary key, name text not null);
  create table shop.orders (id int primary key, customer int references shop.customers, at timestamptz default now());
  create index on shop.orders (customer);
  create view shop.names as select name from shop.customers;
  create function shop.double(n int) returns int language sql as 'select n * 2';
  insert into shop.customers (name) select 'customer ' || n from generate_series(1, 500) n;
  insert into shop.orders select n, n from generate_series(1, 500) n;`;

const summary = `
  select (select count(*) from shop.customers)::int as customers, (select count(*) from shop.orders)::int as orders,
    (select count(*) from shop.names)::int as names, shop.double(21) as double,
    (select count(*) from pg_indexes where schemaname = 'shop')::int as indexes,
    (select count(*) from pg_constraint where connamespace = 'shop'::regnamespace and contype = 'f')::int as keys`;
const whole = [{ customers: 500, orders: 500, names: 500, double: 42, indexes: 3, keys: 1 }];

async function dumpAndRestore(source: Target, format: string[], into: string): Promise<unknown[]> {
  const file = join(folder, `${source.id}${format[0]}`);
  // The platform's own schemas are in the new database already.
  const own = ["--exclude-schema=auth", "--exclude-schema=postern"];
  await outputOf(postgresProgram(toolchain, "pg_dump"), [...format, ...own, "-f", file, source.url]);
  const restore = ["--no-owner", "--no-acl", "--exit-on-error", "-d", into, file];
  await outputOf(postgresProgram(toolchain, "pg_restore"), restore);
  return rowsOf(into, summary);
}

describeEachWay("pg_dump", (target) => {
  const fresh = useDatabase("shared", "direct");
  beforeAll(async () => {
    await rowsOf(target().direct, content);
  });

  it("dumps in custom format what pg_restore brings back whole", async () => {
    expect(await dumpAndRestore(target(), ["-Fc"], fresh().direct)).toEqual(whole);
  });

  it("may read everything there is, the platform's schemas too", async () => {
    const text = await outputOf(postgresProgram(toolchain, "pg_dump"), [target().url]);
    expect(text).toContain("CREATE SCHEMA postern");
    expect(text).toContain("COPY shop.customers");
  });

  it("leaves nothing of its settings to the next client", async () => {
    await outputOf(postgresProgram(toolchain, "pg_dump"), ["--schema-only", target().url]);
    const seen = await Promise.all(
      Array.from({ length: 12 }, () => rowsOf(target().url, "show search_path")),
    );
    expect(seen).toEqual(Array.from({ length: 12 }, () => [{ search_path: '"$user", public' }]));
  });
});

describeEachWay(
  "pg_dump -Fd -j2",
  (target) => {
    const fresh = useDatabase("shared", "direct");
    beforeAll(async () => {
      await rowsOf(target().direct, content);
    });

    it("dumps with two workers what pg_restore brings back whole", async () => {
      expect(await dumpAndRestore(target(), ["-Fd", "-j2"], fresh().direct)).toEqual(whole);
    });
  },
  ["direct"],
);
