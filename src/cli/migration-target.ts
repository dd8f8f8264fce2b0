/** In charge of where migrations run: on one of Postern's databases by the daemon, or on any Postgres right from here. */
import type {
  AppliedMigration,
  ErrorBody,
  MigrateResult,
  MigrationFileBody,
  MigrationState,
} from "@postern/sdk/protocol";
import pg from "pg";
import { messageOf, posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { requireTarget, type Target } from "./target.ts";

export interface MigrationTarget {
  compare(files: MigrationFileBody[]): Promise<MigrationState[]>;
  /** `error` when it failed; the result then tells how far it came, where that is known. */
  migrate(files: MigrationFileBody[]): Promise<{ result: MigrateResult | null; error: ErrorBody | null }>;
  listApplied(): Promise<AppliedMigration[]>;
  close(): Promise<void>;
}

export async function openMigrationTarget(
  context: CliContext,
  input: CommandInput,
  named: string | undefined,
): Promise<MigrationTarget> {
  const target = await requireTarget(context, input, named);
  return target.kind === "url" ? urlTarget(target.url) : daemonTarget(context, target);
}

async function daemonTarget(
  context: CliContext,
  target: Extract<Target, { kind: "database" }>,
): Promise<MigrationTarget> {
  const control = await context.forDatabase(target);
  return {
    compare: (files) => control.compareMigrations(target.ref, { files }),
    async migrate(files) {
      const operation = await control.migrate(target.ref, { files });
      const ended = await context.follow(control, operation, "Migrating");
      return { result: ended.result as MigrateResult | null, error: ended.error };
    },
    listApplied: () => control.listMigrations(target.ref),
    close: async () => {},
  };
}

/** The same engine that the daemon runs, loaded only when it is needed. */
async function urlTarget(url: string): Promise<MigrationTarget> {
  const [{ applyMigrations }, { describeMigrations, listApplied }, { readMigrationBodies }] =
    await Promise.all([
      import("../migrations/apply-migrations.ts"),
      import("../migrations/describe-migrations.ts"),
      import("../migrations/migration-file.ts"),
    ]);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that is lost fails the statement under way, which tells enough.
  client.on("error", () => {});
  await client.connect().catch((error: unknown) => {
    throw posternError("Y4001", "Postgres cannot be reached under this address.", {
      detail: messageOf(error),
      cause: error,
    });
  });
  return {
    compare: (files) => describeMigrations(client, readMigrationBodies(files)),
    async migrate(files) {
      const result = await applyMigrations(client, readMigrationBodies(files));
      const failed = result.migrations.find((migration) => migration.error !== null);
      return { result, error: failed ? migrationFailed(failed.name, failed.error!) : null };
    },
    listApplied: () => listApplied(client),
    close: () => client.end(),
  };
}

const migrationFailed = (name: string, { message, hint }: ErrorBody): ErrorBody => ({
  code: "Y5002",
  message: `Migration ${name} failed.`,
  detail: message,
  hint: hint ?? "Mend the file and run `postern db migrate` again.",
});
