/** In charge of `\e`, `\ef` and `\ev`: a statement, a function or a view in the user's own editor. */
import { rmSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Shell } from "../shell.ts";
import { lendTo } from "./file-commands.ts";
import { readSource, type SourceKind } from "./source-command.ts";

export async function editCommand(shell: Shell, rest: string): Promise<boolean> {
  if (rest !== "") return editFile(shell, resolve(rest));
  return editText(shell, `${shell.pending || shell.lastSql}\n`);
}

const skeletons: Record<SourceKind, string> = {
  function: `CREATE FUNCTION name(argument integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
begin
  return argument;
end
$function$
`,
  view: "CREATE VIEW name AS\n SELECT 1 AS column\n",
};

/** Without a name a skeleton of a new one. */
export async function editSourceCommand(shell: Shell, kind: SourceKind, rest: string): Promise<boolean> {
  const name = rest.replace(/;$/, "").trim();
  const text = name === "" ? skeletons[kind] : await readSource(shell, kind, name);
  // So that Enter runs it.
  return editText(shell, `${text.trimEnd().replace(/;$/, "")};\n`);
}

async function editText(shell: Shell, text: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "postern-sql-"));
  const file = join(folder, "statement.sql");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // The terminal may go while the editor has it.
  process.on("exit", remove);
  try {
    await writeFile(file, text, { mode: 0o600 });
    return await editFile(shell, file);
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** What comes back is put before the user and not run: a typo in an editor is no statement yet. */
async function editFile(shell: Shell, file: string): Promise<boolean> {
  shell.pending = "";
  const editor = process.env.PSQL_EDITOR ?? process.env.VISUAL ?? process.env.EDITOR ?? "vi";
  const code = await lendTo(shell, `${editor} "$POSTERN_SQL_FILE"`, { POSTERN_SQL_FILE: file });
  if (code !== 0) {
    shell.fail(`The editor ended with ${code}.`, "Set EDITOR.");
    return false;
  }
  const text = (await readFile(file, "utf8")).trim();
  if (shell.terminal) shell.prefill = text;
  else shell.pending = text;
  return true;
}
