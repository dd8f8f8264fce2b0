/** Another tenant, with everything that he has: his own database, his password, and Postgres itself to talk to. */
import { expect } from "vitest";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import { type Battlefield, type Field, isolations } from "../../support/battlefield.ts";
import { rowsByWebSocket, rowsOf } from "../../support/session.ts";

/** `@` stands for the name of the database that is attacked. */
const statements: [sql: string, codes: string][] = [
  ...[
    'set role "@_authd"',
    'set role "@_anon"',
    'set role "@"',
    'grant "@_authd" to current_user',
    'grant "@" to current_user',
    "alter role \"@_authd\" password 'x'",
    "alter role \"@_anon\" set role = 'postern_admin'",
    "alter role authenticated login",
    "alter role anon bypassrls",
    'drop role "@_anon"',
    'drop owned by "@_authd"',
    "grant authenticated to current_user",
    'alter database "@" connection limit 0',
    'grant connect on database "@" to public',
    'create database mine template "@"',
    "select * from pg_postern.mac_key",
    "select auth.attach('bob', 9999999999, '00')",
    "create or replace function auth.uid() returns text language sql as 'select ''bob'''",
    "create function auth.attach(text) returns void language sql as ''",
    "drop function auth.uid()",
    "drop schema auth cascade",
    "alter schema auth owner to current_user",
    "create schema pg_evil",
    "create function pg_catalog.mine() returns int return 1",
    "set session_preload_libraries = E'postern\\x1fbob\\x1f{}'",
    "set session authorization postern_ident",
    "select pg_read_file('global/pg_control')",
    "update pg_authid set rolsuper = true",
    "insert into pg_policy select * from pg_policy",
  ].map((sql): [string, string] => [sql, "42501 42939 42P01 42883"]),
  ['select * from "@".public.todos', "0A000"],
];

export function attackAsTenant(battlefield: () => Battlefield): void {
  attackClass("Attacking as another tenant", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    for (const [sql, codes] of statements) {
      attackIt(sql, async () => {
        const before = await field().digestCatalog();
        const filled = sql.replaceAll("@", field().urls.database);
        const { direct, pooled } = battlefield().neighbour;
        for (const url of [direct, pooled]) {
          const refused = await rowsOf(url, filled).catch((error) => error);
          // On another server there is not even a role or database of this name.
          expect([
            ...codes.split(" "),
            ...(isolation === "process" ? ["42704", "3D000", "22023"] : []),
          ]).toContain(refused.code);
        }
        expect(await field().digestCatalog()).toEqual(before);
      });
    }

    for (const path of ["direct", "pooled", "by WebSocket"] as const) {
      for (const [what, change] of logins) {
        attackIt(`${what}, ${path}`, async () => {
          const url = new URL(field().urls[path === "direct" ? path : "pooled"]);
          const { user, password } = await change(battlefield(), field().urls.database, field());
          url.username = user;
          url.password = password;
          const sql = "select title from todos";
          const asked =
            path === "by WebSocket"
              ? rowsByWebSocket(new URL(battlefield().postern.apiUrl()).host, url.href, sql)
              : rowsOf(url.href, sql);
          const refused = await asked.catch((error) => error);
          expect(refused).toBeInstanceOf(Error);
          // Refused at the door: by the login, or because there is no such database for it.
          // Without a password the client itself gives up when it is asked for one.
          const why = refused.code ?? refused.message;
          expect(why).toMatch(/^(28P01|28000|08P01|3D000|42501|SASL: .*client password must be a .*)$/);
          expect(JSON.stringify(refused)).not.toContain("canary");
        });
      }
    }
  });
}

interface Credentials {
  user: string;
  password: string;
}
type Login = (battlefield: Battlefield, database: string, field: Field) => Credentials | Promise<Credentials>;
const logins: [what: string, change: Login][] = [
  ["the neighbour's own login", ({ neighbour }) => neighbour],
  [
    "the owner with the neighbour's password",
    ({ neighbour }, user) => ({ user, password: neighbour.password }),
  ],
  ["the owner without a password", (_field, user) => ({ user, password: "" })],
  ["the role of users", (_field, database) => ({ user: `${database}_authd`, password: "" })],
  [
    "the role of users with the neighbour's password",
    ({ neighbour }, database) => ({ user: `${database}_authd`, password: neighbour.password }),
  ],
  ["the role of anonymous callers", (_field, database) => ({ user: `${database}_anon`, password: "x" })],
  [
    "the role of users with a user's token",
    async ({ tokenOf }, database) => ({ user: `${database}_authd`, password: await tokenOf("bob") }),
  ],
  ["the owner with a user's token", async ({ tokenOf }, user) => ({ user, password: await tokenOf("bob") })],
  ["the owner with the database's token", (_battlefield, user, { token }) => ({ user, password: token })],
  ["authenticated", () => ({ user: "authenticated", password: "x" })],
  ["anon", () => ({ user: "anon", password: "" })],
  ["the administrator", () => ({ user: "postern_admin", password: "x" })],
  ["the backups' role", () => ({ user: "postern_backup", password: "x" })],
  ["the owner of identities", () => ({ user: "postern_ident", password: "x" })],
  ["the pooler's role", () => ({ user: "postern_pooler", password: "x" })],
];
