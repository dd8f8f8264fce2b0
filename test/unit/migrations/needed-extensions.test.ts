import { expect, it } from "vitest";
import { readMigrationBodies } from "../../../src/migrations/migration-file.ts";
import { readMigrationScript } from "../../../src/migrations/migration-script.ts";
import { neededExtensions } from "../../../src/migrations/needed-extensions.ts";

const neededBy = async (sql: string) => {
  const [file] = readMigrationBodies([{ name: "001.sql", sql }]);
  return Object.fromEntries(neededExtensions(await readMigrationScript(file!)));
};

it.each([
  ["create table t (id uuid default uuid_generate_v4())", { uuid_generate_v4: "uuid-ossp" }],
  ["insert into t values (public.crypt('x', gen_salt('bf')))", { crypt: "pgcrypto", gen_salt: "pgcrypto" }],
  [
    "create function f() returns text language sql as $$\nselect\n\tdigest ('x', 'md5')::text $$",
    { digest: "pgcrypto" },
  ],
  ["do $$ begin perform PGP_SYM_ENCRYPT('a', 'b'); end $$", { pgp_sym_encrypt: "pgcrypto" }],
  ["select gen_random_uuid(), md5('x'), 'crypt(1)' -- digest(1)", {}],
  ["create extension pgcrypto; select crypt('a', 'b')", {}],
  ["create function digest(text) returns text language sql as $$ select $1 $$; select digest('x')", {}],
])("%s", async (sql, needed) => {
  expect(await neededBy(sql)).toEqual(needed);
});
