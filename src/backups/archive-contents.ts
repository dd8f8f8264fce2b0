/** In charge of the table of contents of a dump: reading it proves the file's head, and choosing from it steers a restore. */
import type { Readable } from "node:stream";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { majorOf } from "../instances/server-toolchain.ts";
import { runProgram } from "../runtime/run-program.ts";
import { postgresProgram } from "../runtime/toolchain.ts";
import type { BackupRow } from "../state/backups.ts";
import { openArtefact } from "./backup-artefact.ts";
import { lastWords } from "./program-failure.ts";

/** Lines of `pg_restore --list` without its comments. @throws Y6003 when the file is no readable dump. */
export async function readContents(platform: Platform, backup: BackupRow): Promise<string[]> {
  const { stream } = await openArtefact(platform, backup);
  return listContents(platform, stream, backup);
}

/** The newest pg_restore reads what older ones can. */
async function listContents(platform: Platform, stream: Readable, backup: BackupRow): Promise<string[]> {
  const { majors, toolchain } = platform;
  const major = majorOf(backup.version);
  const newest = Number(major) > Number(majors.usual) ? await majors.get(major) : toolchain;
  const end = await runProgram(postgresProgram(newest, "pg_restore"), ["--list"], {
    account: platform.account,
    stdin: stream,
  });
  if (end.exitCode !== 0) {
    throw posternError("Y6003", "The backup's file is damaged: its table of contents cannot be read.", {
      detail: `${backup.storage_key}: ${lastWords("pg_restore", end)}`,
    });
  }
  return end.stdout.split("\n").filter((line) => line !== "" && !line.startsWith(";"));
}

/** What the template of every database holds already, and belongs to the platform. */
const platformEntry =
  /^\d+; \d+ \d+ [A-Z ]+ (?:(?:auth|postern|postern_private) .*|- (?:[A-Z]+ )?(?:auth|postern|postern_private)) postern_(?:admin|ident|log|owner)$/;
const publicSchema = /^\d+; \d+ \d+ SCHEMA - public /;
const ledgerData =
  /^\d+; \d+ \d+ TABLE DATA postern (?:schema_migrations|unfinished_migrations|state_mutations_(?:rest|\d{6})) postern_admin$/;
const logPartition = /^\d+; 1259 \d+ TABLE postern (state_mutations_\w+) postern_admin$/;
/** Of a move to another server that is under way. */
const movingPublication = /^\d+; \d+ \d+ PUBLICATION (?:- |TABLE \S+ )postern_move_/;
const privileges = /^\d+; \d+ \d+ (?:ACL|DEFAULT ACL) /;
/** 1259 is the oid of pg_class: data and attachments of tables have entries of their own, without it. */
const table = /^\d+; 1259 \d+ TABLE /;

export interface RestorePlan {
  /** What the tenant made. */
  content: string[];
  /** Who may do what with it; names roles, which may not exist where a backup of another database is restored. */
  privileges: string[];
  /** Rows of the migration ledger, and of the log of changes. */
  ledger: string[];
  /** Tables of the log that must be there before its rows are; none: the dump knows of no log. */
  logPartitions: string[];
  /** How many tables `content` has. */
  tables: number;
}

/** Sorts the entries of a dump by how they are restored. */
export function planRestore(lines: readonly string[]): RestorePlan {
  const tenant = lines.filter(
    (line) => !platformEntry.test(line) && !publicSchema.test(line) && !movingPublication.test(line),
  );
  const content = tenant.filter((line) => !privileges.test(line));
  return {
    content,
    privileges: tenant.filter((line) => privileges.test(line)),
    ledger: lines.filter((line) => ledgerData.test(line)),
    logPartitions: lines.flatMap((line) => logPartition.exec(line)?.[1] ?? []),
    tables: content.filter((line) => table.test(line)).length,
  };
}
