/**
 * In charge of putting an archive into a database: what is in it in one transaction, then the policies one by one, which
 * depend on the house that it comes from. Nothing here is done as anybody but the owner.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { hasCode, messageOf, posternError } from "../../base/error.ts";
import { type ArchiveEntry, readArchiveEntries, readEntrySql } from "../../postgres/dump/archive-entries.ts";
import { needsScript } from "../../postgres/dump/older-server.ts";
import {
  type ImportPlan,
  type ImportWish,
  type LeftOut,
  planImport,
} from "../../postgres/dump/plan-import.ts";
import { planPolicy } from "../../postgres/dump/plan-policy.ts";
import { policyLeftOut } from "../../postgres/dump/revise-statement.ts";
import type { TargetFacts } from "../../postgres/dump/target-facts.ts";
import type { Progress } from "../progress.ts";
import type { PostgresPrograms } from "./postgres-programs.ts";
import { restoreAsScript } from "./restore-as-script.ts";
import { runPostgresProgram } from "./run-postgres-program.ts";

export interface ArchiveImport {
  programs: PostgresPrograms;
  path: string;
  /** Of the target. */
  url: string;
  client: pg.Client;
  facts: TargetFacts;
  wish: ImportWish;
  /** Of the source, and not in the archive. */
  skippedSchemas: readonly string[];
  scratch: string;
  progress: Progress;
  /** Leave out what fails, and go on. */
  keepGoing: boolean;
  withGrants: boolean;
}

export interface Imported {
  leftOut: LeftOut[];
  grantsLeftOut: number;
  owners: string[];
}

/** @throws Y6032 Y6036 */
export async function importArchive(options: ArchiveImport): Promise<Imported> {
  const plan = planImport(await readEntries(options), options.facts, options.wish);
  const leftOut = [...plan.leftOut];
  leftOut.push(...(await leaveOutForeignKeys(options, plan)));
  leftOut.push(...(await restoreContent(options, plan)));
  leftOut.push(...(await makePolicies(options, plan.policies)));
  const grants = options.withGrants ? await makeGrants(options, plan.grants) : { leftOut: [] };
  return {
    leftOut: [...leftOut, ...grants.leftOut],
    grantsLeftOut: options.withGrants ? 0 : plan.grants.length,
    owners: plan.owners,
  };
}

async function readEntries({ programs, path }: ArchiveImport): Promise<ArchiveEntry[]> {
  const end = await runPostgresProgram(programs, { program: "pg_restore", args: ["--list", path] });
  if (end.code === 0) return readArchiveEntries(end.stdout);
  throw posternError("Y6032", "The dump cannot be read.", {
    detail: end.words,
    hint: `It may be cut off, or made by a newer pg_dump than ${programs.version}.`,
  });
}

/** SQL of these entries, by their numbers. */
async function readSql(
  options: ArchiveImport,
  entries: readonly ArchiveEntry[],
): Promise<Map<number, string>> {
  if (entries.length === 0) return new Map();
  const list = await writeList(options, "chosen", entries);
  const end = await runPostgresProgram(options.programs, {
    program: "pg_restore",
    args: ["--verbose", "--no-owner", "-L", list, "-f", "-", options.path],
  });
  if (end.code !== 0) throw importFailed(end.words);
  return readEntrySql(end.stdout);
}

/** Keys that point into schemas which are not taken over. */
async function leaveOutForeignKeys(options: ArchiveImport, plan: ImportPlan): Promise<LeftOut[]> {
  const named = plan.leftOut.filter(({ kind }) => kind === "schema").map(({ name }) => name);
  const schemas = [...new Set([...named, ...options.skippedSchemas])];
  const keys = plan.content.filter(({ kind }) => kind === "FK CONSTRAINT");
  if (schemas.length === 0 || keys.length === 0) return [];
  const sql = await readSql(options, keys);
  const isLost = ({ id }: ArchiveEntry): string | undefined =>
    schemas.find((schema) =>
      [schema, pg.escapeIdentifier(schema)].some((name) => sql.get(id)?.includes(` REFERENCES ${name}.`)),
    );
  const lost = keys.filter((key) => isLost(key) !== undefined);
  plan.content = plan.content.filter((entry) => !lost.includes(entry));
  return lost.map((key) => ({
    kind: "foreign key",
    name: key.tag,
    reason: `It points into schema ${isLost(key)}, which is left out.`,
  }));
}

async function restoreContent(options: ArchiveImport, plan: ImportPlan): Promise<LeftOut[]> {
  const { programs, path, url, progress, keepGoing } = options;
  const list = await writeList(options, "content", plan.content);
  const total = plan.content.length;
  let done = 0;
  const failures = new Failures();
  const args = ["--verbose", "--no-owner", "--no-acl", "-L", list, path];
  const onLine = (line: string) => {
    const entry = /^pg_restore: (?:creating|processing data for|executing) (.*)$/.exec(line)?.[1];
    if (entry !== undefined) {
      done = Math.min(total, done + 1);
      progress.update(`Importing  ${done} of ${total} entries  ${entry.slice(0, 60)}`);
    }
    failures.hear(line);
  };
  const isOlder = needsScript(programs.major, options.facts.major);
  const end =
    isOlder && !keepGoing
      ? await restoreAsScript({ programs, args, url, onLine })
      : await runPostgresProgram(programs, {
          program: "pg_restore",
          url,
          args: [...(keepGoing ? [] : ["--single-transaction", "--exit-on-error"]), ...args],
          onLine,
        });
  // No entry is at fault, and none is left out for it.
  const full = failures.list.find(({ reason }) => noSpace.test(reason));
  if (keepGoing && full)
    throw diskFull(
      full.reason,
      "What came before is in the database. Free some space there, then import again with --clean.",
    );
  if (keepGoing && failures.list.length > 0) return failures.list;
  if (end.code === 0) return [];
  throw importFailed(end.words);
}

/** A setting for newer servers, which an older one does without. */
const notForOlder = /unrecognized configuration parameter "transaction_timeout"/;

/** What pg_restore says of entries that failed while it went on. */
class Failures {
  readonly list: LeftOut[] = [];
  #entry: string | undefined;

  hear(line: string): void {
    const entry = /^pg_restore: from TOC entry \d+; \d+ \d+ (.+) \S*$/.exec(line)?.[1];
    if (entry !== undefined) this.#entry = entry;
    const error =
      /^pg_restore: error: (?:could not execute query: ERROR: +|COPY failed for table "[^"]*": ERROR: +)?(.*)$/.exec(
        line,
      )?.[1];
    if (error === undefined || notForOlder.test(error)) return;
    this.list.push({ kind: "entry", name: this.#entry ?? "?", reason: error });
  }
}

/** Each for itself; until it is there, its table is closed by row security to all that it is for. */
async function makePolicies(options: ArchiveImport, policies: ArchiveEntry[]): Promise<LeftOut[]> {
  const { client, facts, progress } = options;
  const sql = await readSql(options, policies);
  const leftOut: LeftOut[] = [];
  for (const [index, { id, tag }] of policies.entries()) {
    progress.update(`Importing  policies ${index} of ${policies.length}`);
    const plan = await planPolicy(sql.get(id) ?? "", (role) => facts.roles.has(role));
    if (plan.statement === null) leftOut.push(policyLeftOut(tag, plan.unknownRoles));
    else leftOut.push(...(await attempt(client, plan.statement, "policy", tag)));
  }
  return leftOut;
}

/** Those that name only roles which exist here. */
async function makeGrants(options: ArchiveImport, entries: ArchiveEntry[]): Promise<{ leftOut: LeftOut[] }> {
  const { client, facts } = options;
  const { splitStatements } = await import("../../postgres/split-statements.ts");
  const sql = await readSql(options, entries);
  const leftOut: LeftOut[] = [];
  for (const { id, tag } of entries) {
    for (const { type, node, text } of await splitStatements(sql.get(id) ?? "")) {
      if (type !== "GrantStmt" && type !== "AlterDefaultPrivilegesStmt") continue;
      const unknown = rolesIn(node).filter((role) => !facts.roles.has(role));
      if (unknown.length === 0) leftOut.push(...(await attempt(client, text, "grant", tag)));
      else
        leftOut.push({ kind: "grant", name: tag, reason: `It is for ${unknown.join(", ")}, unknown here.` });
    }
  }
  return { leftOut };
}

function rolesIn(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  const { RoleSpec: role } = node as { RoleSpec?: { rolename?: string } };
  if (role?.rolename !== undefined) return [role.rolename];
  return Object.values(node).flatMap(rolesIn);
}

async function attempt(client: pg.Client, sql: string, kind: string, name: string): Promise<LeftOut[]> {
  try {
    await client.query(sql);
    return [];
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || hasCode(error, "53100")) throw error;
    return [{ kind, name, reason: messageOf(error) }];
  }
}

async function writeList(
  { scratch }: ArchiveImport,
  name: string,
  entries: readonly ArchiveEntry[],
): Promise<string> {
  const file = join(scratch, `${name}.list`);
  await writeFile(file, `${entries.map(({ line }) => line).join("\n")}\n`, { mode: 0o600 });
  return file;
}

export function importFailed(
  detail: string,
  hint = "--keep-going leaves out what fails and names it; --exclude-schema leaves a schema out.",
) {
  if (noSpace.test(detail))
    return diskFull(detail, "The database was left as it was. Free some space there, then import again.");
  if (serverGone.test(detail))
    return posternError("Y4001", "The database's server went away during the import.", {
      detail,
      hint: "The database was left as it was. A server that went down is started again; `postern status` tells more.",
    });
  return posternError("Y6036", "The import failed, and the database was left as it was.", { detail, hint });
}

const noSpace = /No space left on device/;
const serverGone = /server closed the connection unexpectedly|terminating connection due to/;

const diskFull = (detail: string, hint: string) =>
  posternError("Y4050", "The database's disk became full during the import.", { detail, hint });
