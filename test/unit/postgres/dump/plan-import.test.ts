import { expect, it } from "vitest";
import { readArchiveEntries, readEntrySql } from "../../../../src/postgres/dump/archive-entries.ts";
import { planImport } from "../../../../src/postgres/dump/plan-import.ts";
import { planPolicy } from "../../../../src/postgres/dump/plan-policy.ts";
import { reviewScript } from "../../../../src/postgres/dump/revise-statement.ts";
import type { TargetFacts } from "../../../../src/postgres/dump/target-facts.ts";

const facts: TargetFacts = {
  major: 17,
  superuser: false,
  extensions: new Set(["pgcrypto"]),
  untrusted: new Set(["dblink"]),
  roles: new Set(["anon", "authenticated", "public"]),
  schemas: new Set(["public", "auth"]),
  reserved: new Set(["auth"]),
  settings: new Set(["client_encoding", "search_path"]),
  content: [],
};

const list = `;
; Archive created at 2026-01-01
5; 2615 2200 SCHEMA - public postgres
6; 2615 3000 SCHEMA - shop app
7; 2615 3001 SCHEMA - auth supabase
2; 3079 1 EXTENSION - pgcrypto 
3; 3079 2 EXTENSION - dblink 
4; 3079 3 EXTENSION - postgis 
8; 0 0 COMMENT - EXTENSION pgcrypto 
220; 1259 1 TABLE shop orders app
221; 1259 2 TABLE auth users supabase
3000; 0 1 TABLE DATA shop Odd Name other
3001; 0 3 SEQUENCE SET shop orders_id_seq app
3100; 3256 4 POLICY shop orders orders_own app
3101; 0 1 ROW SECURITY shop orders app
3200; 3466 5 EVENT TRIGGER - watch postgres
3201; 6104 6 PUBLICATION - all postgres
3202; 6106 7 PUBLICATION TABLE shop all orders postgres
3300; 0 0 ACL shop TABLE orders app
3301; 826 8 DEFAULT ACL public DEFAULT PRIVILEGES FOR TABLES app
3302; 0 0 ACL - SCHEMA auth supabase
3400; 9999 9 SOMETHING NEW shop thing app`;

it("sorts what is taken over from what is left out, and tells why", () => {
  const plan = planImport(readArchiveEntries(list), facts);
  expect(plan.content.map(({ id }) => id)).toEqual([6, 2, 220, 3000, 3001, 3101, 3400]);
  expect(plan.policies.map(({ tag }) => tag)).toEqual(["orders orders_own"]);
  expect(plan.grants.map(({ id }) => id)).toEqual([3300, 3301]);
  expect(plan.owners).toEqual(["app", "other"]);
  expect(plan.leftOut.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "extension dblink",
    "extension postgis",
    "event trigger watch",
    "publication all",
    "schema auth",
  ]);
});

it("reads the SQL of each entry", () => {
  const sql = `--\n-- TOC entry 3100 (class 3256 OID 4)\n-- Name: orders\n--\n\nCREATE POLICY a ON t USING (true);\n\n
--\n-- TOC entry 3101 (class 0 OID 1)\n--\n\nALTER TABLE t ENABLE ROW LEVEL SECURITY;\n\n--\n-- end\n\\unrestrict x\n`;
  expect([...readEntrySql(sql)]).toEqual([
    [3100, "CREATE POLICY a ON t USING (true);"],
    [3101, "ALTER TABLE t ENABLE ROW LEVEL SECURITY;"],
  ]);
});

const exists = (role: string) => facts.roles.has(role);

it.each([
  ["CREATE POLICY p ON s.t USING (true)", "CREATE POLICY p ON s.t USING (true)", []],
  [
    "CREATE POLICY p ON s.t TO anon, authenticated USING (true)",
    "CREATE POLICY p ON s.t TO anon, authenticated USING (true)",
    [],
  ],
  [
    "CREATE POLICY p ON s.t FOR ALL TO service_role, anon USING (true)",
    'CREATE POLICY p ON s.t FOR ALL TO "anon" USING (true)',
    ["service_role"],
  ],
  [
    `CREATE POLICY "ä" ON t TO anon, "The, Role" WITH CHECK (b)`,
    `CREATE POLICY "ä" ON t TO "anon" WITH CHECK (b)`,
    ["The, Role"],
  ],
  ["CREATE POLICY p ON t TO service_role", null, ["service_role"]],
])("takes unknown roles out of %j", async (sql, statement, unknownRoles) => {
  expect(await planPolicy(`${sql};`, exists)).toEqual({ statement, unknownRoles });
});

it.each([
  ["ALTER TABLE public.t OWNER TO app;", null],
  ['ALTER FUNCTION public.f(a integer, OUT b text) OWNER TO "App";', null],
  ["ALTER TABLE t ADD CONSTRAINT c CHECK (owner <> 'x');", "same"],
  ["GRANT ALL ON t TO app;", null],
  ["REVOKE USAGE ON SCHEMA public FROM PUBLIC;", null],
  ["ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT ALL ON TABLES TO x;", null],
  ["CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;", "same"],
  ["CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;", null],
  ["COMMENT ON EXTENSION dblink IS 'x';", null],
  ["CREATE SCHEMA public;", null],
  ["CREATE SCHEMA shop;", "same"],
  ["SET client_encoding = 'UTF8';", "same"],
  ["SET transaction_timeout = 0;", null],
  ["CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();", null],
  ["CREATE TABLE grants (a int);", "same"],
  ["COMMIT;", null],
  ["CREATE POLICY p ON t TO service_role;", null],
])("reads %j of a dump in SQL", async (sql, outcome) => {
  expect(await reviewScript(facts).revise(`\n--\n-- Name: x\n--\n\n${sql}`)).toEqual(
    outcome === null ? null : expect.stringContaining(sql),
  );
});

it("leaves the body of a function in SQL alone, which is cut at its semicolons", async () => {
  const { revise } = reviewScript(facts);
  for (const part of ["CREATE PROCEDURE p()\n LANGUAGE sql\nBEGIN ATOMIC\n SELECT 1;", " SELECT 2;", "END;"])
    expect(await revise(part)).toBe(part);
  expect(await revise("END;")).toBeNull();
});
