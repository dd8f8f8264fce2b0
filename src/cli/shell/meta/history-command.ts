/** In charge of `\history`, what was recorded of a table's row, and of `\s`, what was typed before. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Shell } from "../shell.ts";
import { unquoted } from "./setting-commands.ts";

const historySql = `
  select to_char(at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS "UTC"') as at, operation,
    case operation
      when 'UPDATE' then (
        select string_agg(c.name || ': ' || coalesce(m.old ->> c.name, 'null') || ' → ' || coalesce(m.new ->> c.name, 'null'), ', ')
        from unnest(m.changed) as c(name))
      when 'TRUNCATE' then 'all rows'
      else coalesce(m.new, m.old)::text
    end as change,
    coalesce(request_id, '') as request, actor as by, case when rolled_back then 'rolled back' else '' end as note
  from (
    select * from postern.state_mutations
    where table_oid = $1::regclass::oid and ($2::text is null or row_id = $2)
    order by at desc limit 100
  ) m order by m.at`;

export async function historyCommand(shell: Shell, rest: string): Promise<boolean> {
  const [table, id, ...others] = rest.replace(/;$/, "").trim().split(/\s+/).filter(Boolean);
  if (table === undefined || others.length > 0) {
    shell.fail("Which table, and which row?", "\\history TABLE [ID]");
    return false;
  }
  const [log] = await shell.session.query(
    "select to_regclass('postern.state_mutations') is not null as found",
  );
  if (log?.found !== "t") {
    shell.fail("Nothing is recorded here.", "Databases of Postern's have a log of changes.");
    return false;
  }
  const title = id === undefined ? `Changes of ${table}` : `Changes of ${table} ${id}`;
  const { count } = await shell.show(historySql, [table, id ?? null], title);
  if (count === 0) shell.say("Nothing is recorded of it: postern state track records every change.");
  return true;
}

/** To the screen, or into a file that only its owner reads. */
export async function typedCommand(shell: Shell, rest: string): Promise<undefined> {
  const text = shell.history.entries.map((entry) => `${entry}\n`).join("");
  if (rest !== "") await writeFile(resolve(unquoted(rest)), text, { mode: 0o600 });
  else if (text === "") shell.say("Nothing was typed before.");
  else await shell.printData(text);
}
