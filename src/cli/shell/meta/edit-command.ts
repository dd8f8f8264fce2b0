/** In charge of `\e`: the statement in the user's own editor. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Shell } from "../shell.ts";
import { lendTo } from "./file-commands.ts";

/** What comes back is put before the user and not run: a typo in an editor is no statement yet. */
export async function editCommand(shell: Shell, rest: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "postern-sql-"));
  const file = rest === "" ? join(folder, "statement.sql") : resolve(rest);
  try {
    if (rest === "") await writeFile(file, `${shell.pending || shell.lastSql}\n`, { mode: 0o600 });
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
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
