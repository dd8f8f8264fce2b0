/** In charge of `\\sf` and `\\sv`: the SQL that makes a function or a view. */
import { posternError } from "../../../base/error.ts";
import type { Shell } from "../shell.ts";

export type SourceKind = keyof typeof sources;

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
  kind: SourceKind,
  rest: string,
  { numbered = false } = {},
): Promise<boolean> {
  const name = rest.replace(/;$/, "").trim();
  if (name === "") {
    shell.fail(`Which ${kind}?`);
    return false;
  }
  const lines = (await readSource(shell, kind, name)).split("\n");
  const width = String(lines.length).length;
  const shown = numbered ? lines.map((line, at) => `${String(at + 1).padStart(width)}  ${line}`) : lines;
  await shell.printData(`${shown.join("\n")}\n`);
  return true;
}

/** @throws Y1013 when there is none of this name */
export async function readSource(shell: Shell, kind: SourceKind, name: string): Promise<string> {
  const { sql, head } = sources[kind];
  const [row] = await shell.session.query(sql(name), [name]);
  const text = Object.values(row ?? {})[0];
  if (text === null || text === undefined) throw posternError("Y1013", `${name} is no ${kind}.`);
  return `${head(name)}${text.trimEnd()}`;
}
