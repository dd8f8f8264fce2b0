/**
 * In charge of the data directory that every server of Postern's begins as: initialised once, with the roles of the
 * platform and the template database from which users' databases are copied.
 */
import { createHash } from "node:crypto";
import { appendFile, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import pg from "pg";
import { currentUser } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import { readSql } from "../postgres/read-sql.ts";
import { ownPath } from "./own-path.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import { runProgram } from "./run-program.ts";
import type { ServerSpec } from "./runtime.ts";
import type { ServerAccount } from "./server-account.ts";
import { hbaRules, identRules } from "./server-settings.ts";
import { postgresMajor, postgresProgram, type Toolchain } from "./toolchain.ts";

/** Superuser of every server; only Postern logs in as it, over the socket. */
export const adminRole = "postern_admin";
/** Users' databases are copies of this one. */
export const templateDatabase = "postern_template";
/** Copies of the template that wait for a name; a new server has one. */
export const spareDatabasePrefix = "postern_spare_";

/** Raised when the template is made differently in a way that its SQL does not show. */
const templateLayout = "4";

export interface ServerTemplateOptions {
  /** Folder that holds templates, for example `<home>/instances`. */
  directory: string;
  /** Folder for the socket of the server that fills the template. */
  socketDirectory: string;
  toolchain: Toolchain;
  account: ServerAccount;
  report?: (message: string) => void;
}

/** Path of a template that matches this toolchain and this version of the platform's SQL; made if it is not there. */
export async function ensureServerTemplate(options: ServerTemplateOptions): Promise<string> {
  const sql = {
    instance: await readSql("instance"),
    template: await readSql("template"),
    identity: await readSql("identity"),
    ledger: await readSql("ledger"),
    dumpedRoles: await readSql("dumped-roles"),
    stateLog: await readSql("state-log"),
  };
  const major = Number(postgresMajor(options.toolchain));
  const version = createHash("sha256")
    .update(templateLayout + Object.values(sql).join("") + hbaRules(major))
    .digest("hex")
    .slice(0, 8);
  const target = join(options.directory, `.template-${postgresMajor(options.toolchain)}-${version}`);
  if (
    await stat(join(target, "PG_VERSION")).then(
      () => true,
      () => false,
    )
  )
    return target;
  options.report?.("Preparing the template of all servers");
  const work = join(options.directory, `.template-making-${postgresMajor(options.toolchain)}-${process.pid}`);
  const spec: ServerSpec = {
    name: "template",
    dataDirectory: join(work, "data"),
    socketDirectory: options.socketDirectory,
    logFile: join(work, "postgres.log"),
    tcpPort: null,
    settings: { fsync: "off" },
  };
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await ownPath(work, options.account);
  const runtime = new ProcessRuntime({
    ...options,
    exposure: { listen: "127.0.0.1", tlsFile: null, insecure: false },
    warmPool: { claim: (directory) => initialise(directory, options), refill: async () => {} },
  });
  try {
    await runtime.create(spec);
    await runtime.start(spec);
    await fill(spec, sql);
    await runtime.stop(spec);
    await runOrThrow(
      postgresProgram(options.toolchain, "initdb"),
      ["--sync-only", "-D", spec.dataDirectory],
      options.account,
    );
    await rename(spec.dataDirectory, target);
  } finally {
    await runtime.remove(spec);
  }
  return target;
}

/**
 * The collation is the builtin C.UTF-8 (Postgres 17): the same order on every machine and for ever, so an update of the
 * C library can never corrupt an index. Linguistic orders are had per column by ICU collations.
 */
async function initialise(directory: string, { toolchain, account }: ServerTemplateOptions): Promise<void> {
  const locale =
    Number(postgresMajor(toolchain)) >= 17
      ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
      : ["--locale=C.UTF-8"];
  await mkdir(dirname(directory), { recursive: true });
  await runOrThrow(
    postgresProgram(toolchain, "initdb"),
    [
      "-D",
      directory,
      "-U",
      adminRole,
      "--encoding=UTF8",
      ...locale,
      "--data-checksums",
      "--auth-local=peer",
      "--auth-host=scram-sha-256",
      "--no-sync",
      "--no-instructions",
    ],
    account,
  );
  const users = account.separate ? [account.username, currentUser()] : [account.username];
  await writeFile(join(directory, "pg_hba.conf"), hbaRules(Number(postgresMajor(toolchain))));
  await writeFile(join(directory, "pg_ident.conf"), identRules(users));
  await appendFile(join(directory, "postgresql.conf"), "\ninclude_if_exists 'postern.conf'\n");
}

async function fill(
  spec: ServerSpec,
  sql: Record<"instance" | "template" | "identity" | "ledger" | "dumpedRoles" | "stateLog", string>,
): Promise<void> {
  const run = async (database: string, ...scripts: string[]) => {
    const client = new pg.Client({ host: spec.socketDirectory, port: 5432, user: adminRole, database });
    await client.connect();
    try {
      for (const script of scripts) await client.query(script);
    } finally {
      await client.end();
    }
  };
  await run("postgres", sql.instance, `create database ${templateDatabase}`);
  await run(templateDatabase, sql.template, sql.identity, sql.ledger, sql.dumpedRoles, sql.stateLog);
  await run(
    "postgres",
    `alter database ${templateDatabase} with is_template true allow_connections false`,
    `create database ${spareDatabasePrefix}first template ${templateDatabase}`,
    `revoke all on database ${spareDatabasePrefix}first from public`,
    "checkpoint",
  );
}

async function runOrThrow(program: string, args: readonly string[], account: ServerAccount): Promise<void> {
  const end = await runProgram(program, args, { account });
  if (end.exitCode !== 0)
    throw posternError("Y4002", "The template of the servers could not be made.", {
      detail: end.stderr.trim(),
    });
}
