/** In charge of `\\sf` and `\\sv`: the SQL that makes a function or a view. */
import { posternError } from "../../../base/error.ts";
import type { Shell } from "../shell.ts";

const sources = {
  function: {
    // With its arguments where the name alone means several.
    sql: (name: string) =>
      name.includes("(")
        ? "select pg_get_functiondef($1::regprocedure)"
        : "select pg_get_functiondef($1::regproc)",
    head: () => "",
  },
  view: {
    sql: () =>
      "select pg_get_viewdef($1::regclass, true) from pg_class where oid = $1::regclass and relkind in ('v', 'm')",
    head: (name: string) => `CREATE OR REPLACE VIEW ${name} AS\n`,
  },
};

export async function sourceCommand(
  shell: Shell,
  kind: keyof typeof sources,
  rest: string,
): Promise<boolean> {
  const name = rest.replace(/;$/, "").trim();
  if (name === "") {
    shell.fail(`Which ${kind}?`);
    return false;
  }
  const { sql, head } = sources[kind];
  const [row] = await shell.session.query(sql(name), [name]);
  const text = Object.values(row ?? {})[0];
  if (text === null || text === undefined) throw posternError("Y1013", `${name} is no ${kind}.`);
  await shell.printData(`${head(name)}${text.trimEnd()}\n`);
  return true;
}
