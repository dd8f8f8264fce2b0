/** Moving in from another house and moving out again: `db import` and `db export`. */
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { postgresProgram } from "../../src/runtime/toolchain.ts";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { testToolchain } from "../support/toolchain.ts";

vi.setConfig({ testTimeout: 240_000 });

let server: TestServer;
let postern: PosternHome;
let fixture: BackupFixture;
let source: string;
const dumps: Record<string, string> = {};

const address = (database: string, user = "hosted") =>
  `postgres://${user}@localhost/${database}?host=${encodeURIComponent(server.socketDirectory)}`;

async function withForeign<Result>(database: string, work: (client: pg.Client) => Promise<Result>) {
  const client = await server.connect({ database });
  return work(client).finally(() => client.end());
}

beforeAll(async () => {
  [server, postern] = await Promise.all([startTestServer(), createPosternHome()]);
  await postern.start();
  fixture = backupFixture(postern);
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
  await withForeign("postgres", (client) =>
    client.query(
      "create role hosted login; create role anon; create role authenticated; create role service_role bypassrls",
    ),
  );
  const database = await server.createDatabase({ owner: "hosted" });
  source = address(database);
  const owner = await server.connect({ user: "hosted", database });
  await owner.query(await readFile(new URL("../support/foreign-database.sql", import.meta.url), "utf8"));
  await owner.end();
  await withForeign(database, (admin) => admin.query("create extension dblink"));
  const toolchain = await testToolchain();
  const run = promisify(execFile);
  for (const format of ["custom", "directory", "tar", "plain"]) {
    dumps[format] = join(postern.project, `foreign.${format}`);
    await run(postgresProgram(toolchain, "pg_dump"), [
      `--format=${format}`,
      "-f",
      dumps[format],
      "-d",
      source,
    ]);
  }
  dumps.gzip = join(postern.project, "foreign.sql.gz");
  await writeFile(dumps.gzip, gzipSync(await readFile(dumps.plain!)));
});
afterAll(() => Promise.all([postern.close(), server.stop()]));

const facts = `
  select (select count(*) from shop.customers)::int as customers, (select count(*) from shop.orders)::int as orders,
    (select count(*) from events_2026)::int as events, (select sum(n) from shop.per_day)::int as per_day,
    (select last_value from counter)::int as counter, public.plus(1, 2) as plus,
    (select upper_name from shop.customers where id = 7) as upper_name,
    (select note from shop.orders where id = 7) as note,
    (select convert_from(lo_get(4242), 'utf8')) as object, (select "ünï" from "Odd ""Name""") as odd,
    (select length(hash) from secrets) as hash, obj_description('shop.customers'::regclass) as comment,
    (select count(*) from pg_trigger where tgname = 'touch')::int as triggers,
    (select relrowsecurity from pg_class where oid = 'shop.orders'::regclass) as row_security,
    (select array_agg(distinct pg_get_userbyid(relowner)::text = current_user) from pg_class
      where relnamespace in ('shop'::regnamespace, 'public'::regnamespace) and relkind = 'r') as owned,
    array(select polname || ':' || array_to_string(array(select rolname from pg_roles where oid = any(polroles) order by 1), ',')
            from pg_policy order by 1) as policies`;
const expected = {
  customers: 1000,
  orders: 3000,
  events: 187,
  per_day: 3000,
  counter: 104,
  plus: 3,
  upper_name: "N'7",
  note: "tab\there \\ and \n newline; -- no comment",
  object: "large object",
  odd: "ünïcödé",
  hash: 64,
  comment: `who buys; it's "quoted" $$ here`,
  triggers: 1,
  row_security: true,
  owned: [true],
  policies: ["customers_all:", "orders_both:anon,authenticated", "orders_own:authenticated"],
};

interface Result {
  tables: number;
  rows: number;
  verified: boolean;
  left_out: { kind: string; name: string; reason: string }[];
}
const parse = (text: string) => JSON.parse(text) as Result;
const lost = ({ left_out }: Result) => left_out.map(({ kind, name }) => `${kind} ${name}`).sort();

describe("from another server's address", () => {
  it("takes over all that fits, compares each table's rows, and names and signals what is left out", async () => {
    const { id } = await fixture.create("moved-in");
    const end = await postern.run(["db", "import", "moved-in", source, "--json"]);
    expect(end.stderr).toBe("! Left out: 5 things that the source has\n");
    expect(end.code).toBe(1);
    const result = parse(end.stdout);
    expect(lost(result)).toEqual([
      "extension dblink",
      "foreign key customers customers_account_fkey",
      "policy orders orders_service",
      "publication everything",
      "schema auth",
    ]);
    expect(result).toMatchObject({ tables: 7, verified: true, rows: 1000 + 3000 + 400 + 3 });
    expect(await fixture.rows(id, facts)).toEqual([expected]);
  });

  it("refuses a database that is not empty, empties it when told so, and ends with 0 when losses are accepted", async () => {
    const { id } = await fixture.create("not-empty");
    await fixture.rows(id, "create table mine (a int)");
    const refused = await postern.run(["db", "import", "not-empty", source]);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("public.mine");
    const end = await postern.run([
      "db",
      "import",
      "not-empty",
      source,
      "--clean",
      "--yes",
      "--allow-missing",
    ]);
    expect(end.code).toBe(0);
    expect(end.stderr).toMatch(/✓ Imported .* into not-empty: 7 tables, 4403 rows, verified/);
    expect(await fixture.rows(id, "select to_regclass('mine') as mine")).toEqual([{ mine: null }]);
    expect(await fixture.rows(id, facts)).toEqual([expected]);
  });

  it("takes grants over for roles that exist here when asked to", async () => {
    const { id } = await fixture.create("granted");
    await postern.run(["db", "import", "granted", source, "--with-grants"]);
    expect(
      await fixture.rows(
        id,
        `select has_table_privilege('authenticated', 'shop.orders', 'select') as reads,
                has_table_privilege('anon', 'shop.orders', 'insert') as writes,
                has_table_privilege('anon', 'shop.orders', 'select') as more`,
      ),
    ).toEqual([{ reads: true, writes: true, more: false }]);
  });

  it("takes only the schemas that were asked for", async () => {
    const { id } = await fixture.create("partly");
    const end = await postern.run(["db", "import", "partly", source, "--schema", "extra", "--json"]);
    expect(parse(end.stdout)).toMatchObject({ tables: 1, rows: 1, verified: true });
    expect(await fixture.rows(id, "select a, to_regnamespace('shop') as shop from extra.alone")).toEqual([
      { a: 1, shop: null },
    ]);
  });

  it("leaves the database as it was when something fails, and goes on where told to", async () => {
    const database = await server.createDatabase({ owner: "hosted" });
    await withForeign(database, (client) =>
      client.query(
        "create table fine as select 1 as a; create extension dblink; create view broken as select * from dblink('x', 'y') as t (a int)",
      ),
    );
    const { id } = await fixture.create("failing-import");
    const end = await postern.run(["db", "import", "failing-import", address(database, "test_admin")]);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain("Y6036");
    expect(await fixture.rows(id, "select to_regclass('fine') as fine")).toEqual([{ fine: null }]);
    const again = await postern.run([
      "db",
      "import",
      "failing-import",
      address(database, "test_admin"),
      "--keep-going",
      "--json",
    ]);
    expect(again.code).toBe(1);
    expect(lost(parse(again.stdout))).toEqual(["entry VIEW broken", "extension dblink"]);
    expect(await fixture.rows(id, "select a from fine")).toEqual([{ a: 1 }]);
  });
});

describe("from a dump", () => {
  it.each(["custom", "directory", "tar", "plain", "gzip"])("takes over the %s format", async (format) => {
    const { id } = await fixture.create(`from-${format}`);
    const end = await postern.run([
      "db",
      "import",
      `from-${format}`,
      dumps[format]!,
      "--json",
      "--exclude-schema",
      "auth",
    ]);
    if (format === "plain" || format === "gzip") {
      // In SQL schemas cannot be told apart: the platform's own of that name is in the way.
      expect(end.code).toBe(1);
      expect(end.stderr).toContain("auth");
      expect(await fixture.rows(id, "select to_regnamespace('shop') as shop")).toEqual([{ shop: null }]);
      return;
    }
    expect(end.stderr).toContain("Left out");
    expect(parse(end.stdout)).toMatchObject({ verified: false, tables: 7, rows: 4403 });
    expect(await fixture.rows(id, facts)).toEqual([expected]);
  });

  it("takes over plain SQL, also from stdin, without what is not the owner's to make", async () => {
    const run = promisify(execFile);
    const { stdout } = await run(
      postgresProgram(await testToolchain(), "pg_dump"),
      ["--exclude-schema=auth", "-d", source],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    const text = stdout.replace(/^ALTER TABLE ONLY shop\.customers\n.*customers_account_fkey.*$/m, "");
    const { id } = await fixture.create("from-stdin");
    const end = await postern.run(["db", "import", "from-stdin", "-", "--json"], { input: text });
    expect(end.stderr).toContain("Left out");
    expect(lost(parse(end.stdout))).toEqual([
      "extension dblink",
      "policy orders orders_service",
      "publication everything",
    ]);
    expect(await fixture.rows(id, facts)).toEqual([expected]);
  });

  it("runs no command of psql's, keeps nothing of a script that breaks off, and takes no server's dump", async () => {
    const { id } = await fixture.create("careful");
    const trap = join(postern.project, "trap");
    const scripts = {
      "\\! touch": `create table a (i int);\n\\! touch ${trap}\n`,
      inline: `create table a (i int);\nselect 1 \\! touch ${trap}\n;`,
      "cut off": "create table a (i int);\nCOPY a FROM stdin;\n1\n2\n",
      "create role": "create table a (i int);\ncreate role evil superuser;",
      rollback: "create table a (i int);\nrollback;",
    };
    for (const script of Object.values(scripts)) {
      const end = await postern.run(["db", "import", "careful", "-"], { input: script });
      expect(end.code, script).toBe(2);
      expect(end.stderr).toContain("Y6032");
      expect(await fixture.rows(id, "select to_regclass('a') as a")).toEqual([{ a: null }]);
    }
    expect(await readdir(postern.project)).not.toContain("trap");
    const wrong = await postern.run(["db", "import", "careful", "-"], {
      input: "create table a (i int); select wrong;",
    });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("wrong");
    expect(await fixture.rows(id, "select to_regclass('a') as a")).toEqual([{ a: null }]);
    const fine = await postern.run(["db", "import", "careful", "-"], {
      input: "begin; create table a (i int); insert into a values (1); commit;",
    });
    expect(fine).toMatchObject({ code: 0 });
  });
});

describe("export", () => {
  it.each(["custom", "directory", "plain"])(
    "writes the %s format, which another server takes",
    async (format) => {
      const name = `out-${format}`;
      const { id } = await fixture.create(name);
      await postern.run(["db", "import", name, source, "--allow-missing"]);
      const result = (await postern.json(["db", "export", name, "--format", format])) as {
        file: string;
        size_bytes: number;
      };
      expect(result.size_bytes).toBeGreaterThan(10_000);
      const database = await server.createDatabase({ owner: "hosted" });
      const end = await postern.run(["db", "import", "--url", address(database), result.file, "--json"]);
      expect(end).toMatchObject({ code: 0 });
      const client = await server.connect({ user: "hosted", database });
      expect((await client.query(facts)).rows).toEqual(await fixture.rows(id, facts));
      await client.end();
    },
  );

  it("writes to stdout, replaces nothing but files, and leaves nothing of one that failed", async () => {
    await fixture.create("piped");
    const { stdout } = await postern.run(["db", "export", "piped", "--format", "plain", "-o", "-"]);
    expect(stdout).toContain("PostgreSQL database dump complete");
    expect(stdout).not.toContain("postern");
    const failed = await postern.run(["db", "export", "--url", address("no_such"), "-o", "failed.dump"]);
    expect(failed.code).toBe(1);
    expect((await readdir(postern.project)).filter((name) => name.startsWith("failed"))).toEqual([]);
  });
});
