/** Two tenants on the shared server, each with nothing but its URLs: what keeps them apart, and what they can do. */
import type { CreatedDatabase, DatabaseUrls } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { rowsOf, withSession } from "../support/session.ts";

interface Tenant {
  id: string;
  urls: DatabaseUrls;
}

let postern: PosternHome;
let one: Tenant;
let other: Tenant;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  one = await provision({ name: "one" });
  other = await provision({ name: "other" });
});
afterAll(() => postern.close());

async function provision(body: object): Promise<Tenant> {
  const { id } = await postern.api<CreatedDatabase>("POST", "/v1/databases", body);
  return { id, urls: await postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`) };
}

/** The URL with one part of it exchanged. */
function changed(url: string, change: { database?: string; user?: string; password?: string }): string {
  const parsed = new URL(url);
  if (change.database !== undefined) parsed.pathname = `/${change.database}`;
  if (change.user !== undefined) parsed.username = change.user;
  if (change.password !== undefined) parsed.password = change.password;
  return parsed.href;
}

const paths = ["direct", "pooled"] as const;
const asOne = (sql: string) => rowsOf(one.urls.direct, sql);

describe("a tenant's login", () => {
  describe.each(paths)("%s", (path) => {
    it("reaches its own database", async () => {
      expect(await rowsOf(one.urls[path], "select current_database() as d, current_user as u")).toEqual([
        { d: one.urls.database, u: one.urls.user },
      ]);
    });

    it("reaches no other: not another tenant's, not the server's, not Postern's own", async () => {
      const names = [
        other.urls.database,
        "postgres",
        "template1",
        "template0",
        "postern_template",
        "postern",
      ];
      for (const database of [...names, "postern_login", "pgbouncer", "system"]) {
        await expect(rowsOf(changed(one.urls[path], { database }), "select 1")).rejects.toMatchObject({
          code: expect.stringMatching(/^(28000|3D000|42501|08P01|28P01|55000)$/),
        });
      }
    });

    it("is refused with a wrong password, another's password, or none", async () => {
      for (const password of ["wrong", other.urls.password, ""]) {
        const refused = rowsOf(changed(one.urls[path], { password }), "select 1");
        await expect(refused).rejects.toThrow(/password|SASL/i);
      }
    });

    it("is no way in for the platform's roles", async () => {
      for (const user of ["postern_admin", "postern_backup", "postern_pooler", "postern_owner", "anon"]) {
        for (const database of [one.urls.database, "postgres"]) {
          const login = changed(one.urls[path], { user, database });
          await expect(rowsOf(login, "select 1")).rejects.toMatchObject({ severity: "FATAL" });
        }
      }
    });
  });
});

describe("a tenant cannot", () => {
  it("see what others' sessions do, nor end them", async () => {
    await withSession(other.urls.direct, async (victim) => {
      await victim.query("select 'their secret'");
      const { rows } = await victim.query<{ pid: number }>("select pg_backend_pid() as pid");
      const activity = JSON.stringify(await asOne("select * from pg_stat_activity"));
      expect(activity).not.toContain("their secret");
      for (const end of ["pg_terminate_backend", "pg_cancel_backend"]) {
        await expect(asOne(`select ${end}(${rows[0]!.pid})`)).rejects.toMatchObject({ code: "42501" });
      }
      expect((await victim.query("select 1 as alive")).rows).toEqual([{ alive: 1 }]);
    });
  });

  const forbidden: [what: string, sql: () => string][] = [
    ["create a role", () => "create role mine"],
    ["create a database", () => "create database mine"],
    ["copy another's database", () => `create database mine template "${other.urls.database}"`],
    ["drop its database", () => `drop database "${one.urls.database}"`],
    ["rename its database", () => `alter database "${one.urls.database}" rename to mine`],
    ["own its database", () => `alter database "${one.urls.database}" owner to "${one.urls.user}"`],
    ["lift its database's limit", () => `alter database "${one.urls.database}" connection limit 1000`],
    ["make it a template", () => `alter database "${one.urls.database}" is_template true`],
    ["read a file", () => "select pg_read_file('postgresql.auto.conf')"],
    ["list files", () => "select pg_ls_dir('.')"],
    ["copy from a file", () => "create table if not exists f (l text); copy f from '/etc/passwd'"],
    ["copy to a file", () => "copy (select 1) to '/var/tmp/tenant.txt'"],
    ["run a program", () => "copy (select 1) to program 'true'"],
    ["read through a large object", () => "select lo_import('/etc/passwd')"],
    ["load a C function", () => "create function c() returns int language c as 'libc.so.6', 'getpid'"],
    ["define an internal function", () => "create function i() returns int language internal as 'int4pl'"],
    ["load a library", () => "load 'dblink'"],
    ["create an untrusted extension", () => "create extension dblink"],
    ["create file_fdw", () => "create extension file_fdw"],
    ["change the server", () => "alter system set log_statement = 'all'"],
    ["reload the server", () => "select pg_reload_conf()"],
    ["lift its own connection limit", () => `alter role "${one.urls.user}" connection limit -1`],
    ["become superuser", () => `alter role "${one.urls.user}" superuser`],
    ["change its row security", () => `alter role "${one.urls.user}" nobypassrls`],
    ["give itself replication", () => `alter role "${one.urls.user}" replication`],
    ["change another's password", () => `alter role "${other.urls.user}" password 'x'`],
    ["change the administrator's password", () => "alter role postern_admin password 'x'"],
    ["become another", () => `set role "${other.urls.user}"`],
    ["become the administrator", () => "set session authorization postern_admin"],
    ["be made a member of a role", () => `grant pg_read_server_files to "${one.urls.user}"`],
    ["let others be it", () => `grant postern_owner to "${other.urls.user}"`],
    [
      "create an event trigger",
      () =>
        `create function e() returns event_trigger language plpgsql as 'begin end'; create event trigger e on ddl_command_start execute function e()`,
    ],
    ["publish all tables", () => "create publication p for all tables"],
    [
      "subscribe",
      () => "create subscription s connection 'host=127.0.0.1' publication p with (connect = false)",
    ],
    ["open a replication slot", () => "select pg_create_logical_replication_slot('s', 'pgoutput')"],
    ["create a tablespace", () => "create tablespace t location '/var/tmp'"],
    ["read passwords", () => "select rolpassword from pg_authid"],
    ["set a superuser's setting", () => "set session_preload_libraries = 'x'"],
    ["forge an identity", () => "set log_statement = 'none'"],
  ];
  it.each(forbidden)("%s", async (_what, sql) => {
    await expect(asOne(sql())).rejects.toMatchObject({ code: "42501" });
  });

  it("let everyone or another connect to its database", async () => {
    const granted = `select datacl::text from pg_database where datname = '${one.urls.database}'`;
    const before = await asOne(granted);
    // Without the right to grant this is a warning to Postgres, and grants nothing.
    for (const to of ["public", `"${other.urls.user}"`]) {
      await asOne(`grant connect on database "${one.urls.database}" to ${to}`);
    }
    expect(await asOne(granted)).toEqual(before);
    const login = changed(other.urls.direct, { database: one.urls.database });
    await expect(rowsOf(login, "select 1")).rejects.toMatchObject({ code: "28000" });
  });
});

describe("a tenant can", () => {
  it.each(["pgcrypto", "uuid-ossp", "pg_trgm", "vector", "citext", "hstore"])(
    "create the extension %s",
    async (extension) => {
      await asOne(`create extension "${extension}"`);
      expect(await asOne(`select from pg_extension where extname = '${extension}'`)).toHaveLength(1);
    },
  );

  it("use vectors", async () => {
    await asOne("create extension if not exists vector");
    expect(await asOne("select '[1,2,3]'::vector <-> '[1,2,4]'::vector as distance")).toEqual([
      { distance: 1 },
    ]);
  });

  it("secure and vacuum its tables", async () => {
    await asOne("create table mine (a int); alter table mine enable row level security");
    await asOne("vacuum analyze mine");
    expect(await asOne("select relrowsecurity as on from pg_class where relname = 'mine'")).toEqual([
      { on: true },
    ]);
  });

  it("drop and make anew its schema public: the pooled URL and migrations go on", async () => {
    const tenant = await provision({ name: "anew" });
    await rowsOf(tenant.urls.pooled, "create table before (a int)");
    await rowsOf(tenant.urls.direct, "drop schema public cascade; create schema public");
    const accepted = await postern.api<{ id: string }>("POST", `/v1/databases/${tenant.id}/migrations`, {
      files: [{ name: "001_after.sql", sql: "create table after as select 7 as a" }],
    });
    expect(await postern.api("GET", `/v1/operations/${accepted.id}?wait=30`)).toMatchObject({
      status: "completed",
      result: { applied: 1 },
    });
    expect(await rowsOf(tenant.urls.pooled, "select a from after")).toEqual([{ a: 7 }]);
  });
});

describe("the pooler", () => {
  it("keeps named prepared statements of many clients apart", async () => {
    const clients = await Promise.all(
      Array.from({ length: 25 }, async () => {
        const client = new pg.Client({ connectionString: one.urls.pooled });
        await client.connect();
        return client;
      }),
    );
    try {
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.all(
          clients.map((client, index) =>
            client.query({ name: "same name", text: `select $1::int + ${index} as sum`, values: [round] }),
          ),
        );
        expect(answers.map(({ rows }) => rows[0].sum)).toEqual(clients.map((_, index) => index + round));
      }
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });

  it("lets nothing of one client's session reach the next", async () => {
    const dirty = "set search_path = nowhere; set statement_timeout = 1; set timezone = 'Asia/Tokyo'";
    const clean =
      "select current_setting('search_path') as path, current_setting('statement_timeout') as timeout, current_setting('timezone') as zone, to_regclass('pg_temp.scratch') as temporary, current_setting('my.secret', true) as secret";
    const before = await rowsOf(one.urls.pooled, clean);
    await withSession(one.urls.pooled, async (client) => {
      await client.query(`create temporary table scratch (a int); set my.secret = 'x'; ${dirty}`);
    });
    for (let round = 0; round < 5; round += 1) {
      const [after] = (await rowsOf(one.urls.pooled, clean)) as Record<string, unknown>[];
      expect(after).toEqual({ ...(before[0] as object), secret: after!.secret === "" ? "" : null });
    }
  });
});

describe("a user and password of one's own", () => {
  const own = { name: "bookshop", user: "book_keeper", password: "correct horse: 'battery' %41/ß@" };

  it("log in by both URLs, and no other user does", async () => {
    const { urls } = await provision(own);
    expect(urls).toMatchObject({ user: own.user, password: own.password });
    for (const path of paths) {
      await rowsOf(urls[path], `create table by_${path} (a int)`);
      expect(
        await rowsOf(
          urls[path],
          "select current_user as u, tableowner as o from pg_tables where tablename = $1",
          [`by_${path}`],
        ),
      ).toEqual([{ u: own.user, o: own.user }]);
      for (const foreign of [
        changed(urls[path], { user: urls.database }),
        changed(one.urls[path], { database: urls.database }),
        changed(urls[path], { database: one.urls.database }),
      ]) {
        await expect(rowsOf(foreign, "select 1")).rejects.toMatchObject({ severity: "FATAL" });
      }
    }
  });

  it("whose name is taken is refused, on whichever server it would be", async () => {
    await expect(provision({ ...own, name: "second" })).rejects.toMatchObject({ code: "Y3007" });
    const elsewhere = { ...own, name: "second", isolation: "process" };
    await expect(provision(elsewhere)).rejects.toMatchObject({ code: "Y3007" });
    await expect(postern.api("GET", "/v1/databases/second")).rejects.toMatchObject({ code: "Y3001" });
  });

  it.each([
    "ab",
    "seventeen_letters",
    "Upper",
    "with-dash",
    "with space",
    "größe",
    "",
    "x'; drop role y",
    "postgres",
    "postern_admin",
    "pg_monitor",
    "public",
    "anon",
    "authenticated",
    "none",
    "pgbouncer",
    "db_0123456789ab",
  ])("are refused when the user is called %j", async (user) => {
    await expect(provision({ name: "refused", user, password: own.password })).rejects.toMatchObject({
      code: "Y3006",
    });
  });

  it.each(["", "7 chars", "x".repeat(201), "with\nnewline", "with\0nul"])(
    "are refused when the password is %j",
    async (password) => {
      await expect(provision({ name: "refused", user: "fine_name", password })).rejects.toMatchObject({
        code: "Y2006",
      });
    },
  );

  it("are free again when a creation with them was refused", async () => {
    const { urls } = await provision({ name: "refused", user: "fine_name", password: own.password });
    expect(await rowsOf(urls.pooled, "select current_user as u")).toEqual([{ u: "fine_name" }]);
  });
});
