import { expect, test } from "vitest";
import { planPrivileges } from "../../../src/backups/plan-privileges.ts";

const known = new Set(["anon", "authenticated", "new_owner"]);
const plan = (sql: string, before = "old_owner") =>
  planPrivileges(sql, { before, now: "new_owner" }, (role) => known.has(role));

test("settings of the session and commands to psql are no grants", async () => {
  const sql = `--\n-- dump\n--\n\n\\restrict abc\n\nSET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
GRANT SELECT ON TABLE public.t TO anon;
\n\\unrestrict abc\n\n`;
  expect(await plan(sql)).toEqual({ statements: ["GRANT SELECT ON TABLE public.t TO anon"], skipped: [] });
});

test("what the former owner was given or given away is the new one's", async () => {
  const { statements, skipped } = await plan(`
    GRANT ALL ON TABLE public.t TO old_owner WITH GRANT OPTION;
    REVOKE ALL ON FUNCTION public."ü old_owner"() FROM old_owner;
    ALTER DEFAULT PRIVILEGES FOR ROLE old_owner IN SCHEMA old_owner GRANT SELECT ON TABLES TO old_owner;`);
  expect(statements).toEqual([
    'GRANT ALL ON TABLE public.t TO "new_owner" WITH GRANT OPTION',
    'REVOKE ALL ON FUNCTION public."ü old_owner"() FROM "new_owner"',
    'ALTER DEFAULT PRIVILEGES FOR ROLE "new_owner" IN SCHEMA old_owner GRANT SELECT ON TABLES TO "new_owner"',
  ]);
  expect(skipped).toEqual([]);
});

test("an owner whose name is a word of SQL is found in its quotes", async () => {
  const { statements } = await plan('GRANT SELECT ON TABLE public."select" TO "select";', "select");
  expect(statements).toEqual(['GRANT SELECT ON TABLE public."select" TO "new_owner"']);
});

test("a grant to a role that does not exist is left out, the one after it is not", async () => {
  const { statements, skipped } = await plan(`
    GRANT SELECT ON TABLE public.t TO "Gone; role";
    ALTER DEFAULT PRIVILEGES FOR ROLE gone GRANT SELECT ON TABLES TO anon;
    GRANT SELECT ON TABLE public.t TO PUBLIC;`);
  expect(statements).toEqual(["GRANT SELECT ON TABLE public.t TO PUBLIC"]);
  expect(skipped).toHaveLength(2);
});

test("a name with line breaks and semicolons does not end a statement", async () => {
  const { statements } = await plan(
    'GRANT SELECT ON TABLE public."a;\n\\unrestrict x\nb" TO anon;\n\n\\unrestrict y\n',
  );
  expect(statements).toEqual(['GRANT SELECT ON TABLE public."a;\n\\unrestrict x\nb" TO anon']);
});
