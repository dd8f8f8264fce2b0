/** In charge of the commands that tell what the session is, and of what it may do. */
import { renderFields } from "../../table.ts";
import type { Shell } from "../shell.ts";

export async function connectionCommand(shell: Shell): Promise<undefined> {
  const { about, session } = shell;
  const way =
    session.connector.transport === "https" ? "Postern's own port, through a WebSocket" : "Postgres";
  await shell.print(
    `${renderFields([
      ["Database", about.database],
      ["Host", about.host],
      ["User", session.user],
      ["Server", about.version],
      ["Through", way],
      ["Mode", session.readOnly ? "read-only" : "read and write"],
    ])}\n`,
  );
}

const whoamiSql = `
  select current_user as "user", session_user as "logged in as", current_database() as database, pg_backend_pid() as process,
    array_to_string(current_schemas(false), ', ') as "search path", current_setting('transaction_read_only') as "read-only",
    (select rolsuper from pg_roles where rolname = current_user) as superuser,
    array_to_string(array(select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid
      join pg_roles u on u.oid = m.member where u.rolname = current_user), ', ') as "member of"`;

export async function whoamiCommand(shell: Shell): Promise<undefined> {
  const [row] = await shell.session.query(whoamiSql);
  await shell.printData(
    `${renderFields([["Shell", shell.about.label], ...Object.entries(row ?? {}).map(([name, value]) => [name, value === "t" ? "yes" : value === "f" ? "no" : value] as const)])}\n`,
  );
}

/** What was asked for on the command line is not taken back here; what only protects is. */
export function writeCommand(shell: Shell, rest: string): boolean {
  const { session, about } = shell;
  const word = rest.replace(/;$/, "");
  if (!/^(on|off)$/.test(word)) {
    shell.fail("\\write takes on or off.");
    return false;
  }
  if (about.protectedAs === undefined) {
    shell.fail("This session is not in a protected environment.", "--read-only is for the whole session.");
    return false;
  }
  if (session.state !== "idle") {
    shell.fail("A transaction is open.", "End it first.");
    return false;
  }
  session.readOnly = word === "off";
  shell.say(
    word === "on" ? `Writing to ${about.protectedAs} is allowed now.` : "This session only reads now.",
  );
  return true;
}

/** Another database is another session: with its own history, guard and prompt. */
export async function connectCommand(shell: Shell, rest: string): Promise<boolean> {
  if (rest !== "" && rest !== "-") {
    shell.fail("This shell stays with its database.", `\\q, then postern db connect ${rest.split(/\s/)[0]}`);
    return false;
  }
  await shell.session.renew();
  return true;
}

/** A terminal and files are UTF-8 here, whatever the database is; Postgres converts. */
export async function encodingCommand(shell: Shell, rest: string): Promise<boolean> {
  const wanted = rest.replace(/[;'"]/g, "");
  if (wanted !== "" && !/^(utf-?8|unicode)$/i.test(wanted)) {
    shell.fail(
      `The shell speaks UTF8 only, not ${wanted}.`,
      "\\copy … (encoding 'latin1') reads other files.",
    );
    return false;
  }
  const [row] = await shell.session.query("show client_encoding");
  await shell.print(`${row?.client_encoding ?? "UTF8"}\n`);
  return true;
}

/** pg_dump writes these around what it wrote: data that was made to look like a command then stays data. */
export function restrictCommand(shell: Shell, rest: string): boolean {
  if (/^\w+$/.test(rest)) shell.restriction = rest;
  else shell.fail("\\restrict takes a key of letters and digits.");
  return shell.restriction !== undefined;
}

export function unrestrictCommand(shell: Shell, rest: string): boolean {
  if (shell.restriction !== rest || rest === "") {
    shell.fail(
      shell.restriction === undefined ? "Nothing is restricted." : "This is not the key of \\restrict.",
    );
    return false;
  }
  shell.restriction = undefined;
  return true;
}
