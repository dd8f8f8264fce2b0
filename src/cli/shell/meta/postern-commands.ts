/** In charge of the commands that psql has not: migrations, slow statements, locks, plans, row security. */
import { hasCode } from "../../../base/error.ts";
import type { Shell } from "../shell.ts";

const isThereSql = "select to_regclass($1) is not null as found";

async function isThere(shell: Shell, relation: string): Promise<boolean> {
  const [row] = await shell.session.query(isThereSql, [relation]);
  return row?.found === "t";
}

export async function migrationsCommand(shell: Shell): Promise<boolean> {
  if (!(await isThere(shell, "postern.schema_migrations"))) {
    shell.say("No migration has been applied: postern db migrate applies them.");
    return true;
  }
  const sql = `select name, to_char(applied_at at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"') as applied,
    duration_ms || 'ms' as took from postern.schema_migrations order by name`;
  const { count } = await shell.show(sql, [], "Migrations");
  if (count === 0) shell.say("No migration has been applied.");
  return true;
}

const runningSql = `select pid, now() - query_start as running, state, left(query, 100) as statement from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' order by query_start`;

/** By the time they took in all, or each time, or by how often they ran. */
export async function slowCommand(shell: Shell, rest: string): Promise<boolean> {
  const order = rest.replace(/;$/, "") || "total";
  if (order !== "total" && order !== "mean" && order !== "calls") {
    shell.fail(`\\slow does not know ${order}.`, "\\slow, \\slow mean or \\slow calls");
    return false;
  }
  try {
    await shell.print(`${await shell.about.slow(order)}\n`);
    return true;
  } catch (error) {
    if (!hasCode(error, "Y9012")) throw error;
  }
  shell.say("Nobody has counted statements here: pg_stat_statements is not installed. What runs now:");
  const { count } = await shell.show(runningSql, [], "Running");
  if (count === 0) shell.say("Nothing runs.");
  return true;
}

const locksSql = `
  select waiting.pid as waits, now() - waiting.query_start as since, left(waiting.query, 60) as statement,
    blocking.pid as "waits for", blocking.state as state, left(blocking.query, 60) as "whose statement"
  from pg_stat_activity waiting
    cross join lateral unnest(pg_blocking_pids(waiting.pid)) as blocker(pid)
    join pg_stat_activity blocking on blocking.pid = blocker.pid
  where waiting.datname = current_database() order by waiting.query_start`;

export async function locksCommand(shell: Shell): Promise<boolean> {
  const { count } = await shell.show(locksSql, [], "Who waits for whom");
  if (count === 0) shell.say("Nobody waits for a lock.");
  return true;
}

/** Measured only where running the statement changes nothing. */
export async function explainCommand(shell: Shell, rest: string): Promise<boolean> {
  const sql = (rest || shell.pending || shell.lastSql).replace(/;\s*$/, "");
  shell.pending = "";
  if (sql === "") {
    shell.fail("There is no statement to explain.", "\\explain SELECT …");
    return false;
  }
  const reads =
    /^(\s|--[^\n]*\n)*(select|values|table)\b/i.test(sql) &&
    !/\bfor\s+(no\s+key\s+)?(update|share)\b/i.test(sql);
  await shell.show(`explain (${reads ? "analyze, buffers" : "verbose"}) ${sql}`, [], undefined, {
    quiet: true,
  });
  return true;
}

const rlsSql = `
  select n.nspname as schema, c.relname as name, case when c.relrowsecurity then 'on' else 'off' end as "row security",
    coalesce(string_agg(p.polname || ' (' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
      when 'd' then 'delete' else 'all' end || ')', ', ' order by p.polname), '') as policies,
    case when not c.relrowsecurity and count(p.oid) > 0 then 'policies without effect'
      when c.relrowsecurity and count(p.oid) = 0 then 'nobody but the owner sees a row' else '' end as note
  from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_policy p on p.polrelid = c.oid
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'postern') and n.nspname !~ '^pg_'
  group by n.nspname, c.relname, c.relrowsecurity order by 1, 2`;

/** `as SUB`: the statement as this user of the application, rolled back. */
export async function rlsCommand(shell: Shell, rest: string): Promise<boolean> {
  const given = /^as\s+(\S+)(?:\s+(.+))?$/is.exec(rest.replace(/;\s*$/, ""));
  if (!given) {
    const { count } = await shell.show(rlsSql, [], "Row security");
    if (count === 0) shell.say("There are no tables.");
    return true;
  }
  const sql = (given[2] ?? (shell.pending || shell.lastSql)).replace(/;\s*$/, "");
  shell.pending = "";
  const tryAs = shell.about.tryAs;
  if (!tryAs) {
    shell.fail("Nobody can be asked as whom to look here.");
    return false;
  }
  if (sql === "") {
    shell.fail("Which statement?", "\\rls as SUB SELECT …");
    return false;
  }
  await shell.print(`${await tryAs(given[1]!, sql)}\n`);
  shell.say(`As authenticated, ${given[1]}. Rolled back.`);
  return true;
}
