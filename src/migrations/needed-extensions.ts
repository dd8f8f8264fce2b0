/** In charge of the extensions that a file takes for granted: pgcrypto and uuid-ossp are installed when it calls them. */
import type { Node } from "libpg-query";
import { quoteIdentifier } from "../postgres/identifier.ts";
import type { MigrationScript } from "./migration-script.ts";
import type { MigrationSession } from "./migration-session.ts";

const pgcrypto =
  /^(?:digest|hmac|crypt|gen_salt|gen_random_bytes|encrypt|decrypt|encrypt_iv|decrypt_iv|armor|dearmor|pgp_\w+)$/;
const uuidOssp = /^uuid_(?:generate_v\w+|nil|ns_\w+)$/;

/** Creates what the file calls and the database has no function for. */
export async function installNeededExtensions(
  { client }: MigrationSession,
  script: MigrationScript,
  report: (note: string) => void,
): Promise<void> {
  const wanted = neededExtensions(script);
  if (wanted.size === 0) return;
  const { rows } = await client.query<{ name: string }>(
    `select called.name
       from pg_catalog.unnest($1::text[]) as called (name)
      where not exists (select from pg_catalog.pg_proc where proname = called.name)`,
    [[...wanted.keys()]],
  );
  for (const extension of new Set(rows.map((row) => wanted.get(row.name)!))) {
    const { rowCount } = await client.query(
      "select from pg_catalog.pg_available_extensions where name = $1 and installed_version is null",
      [extension],
    );
    // Without it the call itself fails, at its place in the file.
    if (rowCount === 0) continue;
    await client.query(`create extension if not exists ${quoteIdentifier(extension)}`);
    report(`The extension ${extension} was installed, because ${script.file.name} calls it.`);
  }
}

/** Names of functions that the file calls and does not make itself, with the extension that has them. Pure. */
export function neededExtensions({ statements }: MigrationScript): Map<string, string> {
  const called = new Set<string>();
  const made = new Set<string>();
  const installed = new Set<string>();
  for (const { node } of statements) {
    if ("CreateExtensionStmt" in node) installed.add(node.CreateExtensionStmt.extname ?? "");
    if ("CreateFunctionStmt" in node) made.add(lastName(node.CreateFunctionStmt.funcname) ?? "");
    collectCalls(node, called);
  }
  const needed = new Map<string, string>();
  for (const name of called) {
    const extension = pgcrypto.test(name) ? "pgcrypto" : uuidOssp.test(name) ? "uuid-ossp" : undefined;
    if (extension && !made.has(name) && !installed.has(extension)) needed.set(name, extension);
  }
  return needed;
}

/** Calls anywhere in a tree, and in the texts that are bodies of functions and DO blocks. */
function collectCalls(tree: unknown, called: Set<string>, inBody = false): void {
  if (typeof tree !== "object" || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    if (key === "FuncCall") called.add(lastName((value as { funcname?: Node[] }).funcname) ?? "");
    if (key === "sval" && inBody) collectFromBody(String(value), called);
    collectCalls(value, called, inBody || (tree as { defname?: string }).defname === "as");
  }
}

/** A body is a text in some language; a name before a bracket is a call in each of them. */
function collectFromBody(body: string, called: Set<string>): void {
  for (const [, name] of body.matchAll(/\b([a-z_]\w*)\s*\(/gi)) called.add(name!.toLowerCase());
}

function lastName(names: readonly Node[] | undefined): string | undefined {
  const last = names?.at(-1);
  return last !== undefined && "String" in last ? last.String.sval : undefined;
}
