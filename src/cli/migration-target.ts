/** In charge of where migrations go: to a database of Postern's through the daemon, or to any Postgres by its address. */
import type {
  AppliedMigration,
  MigrateOptions,
  MigrateResult,
  MigrationFileBody,
  MigrationState,
} from "@postern/sdk/protocol";
import type pg from "pg";
import { PosternError, posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import { withPostgresAt } from "./connect-postgres.ts";
import type { CliContext } from "./context.ts";
import { type DatabaseTarget, requireTarget } from "./target.ts";

export interface MigrationTarget {
  compare(files: MigrationFileBody[]): Promise<MigrationState[]>;
  /** The result tells what was applied although the error says that a file failed. */
  migrate(
    files: MigrationFileBody[],
    options?: MigrateOptions,
  ): Promise<{ result: MigrateResult | null; error?: PosternError }>;
  listApplied(): Promise<AppliedMigration[]>;
}

/** Gives `work` the target that the command line names; a connection is closed after it. */
export async function withMigrationTarget<Result>(
  context: CliContext,
  input: CommandInput,
  work: (target: MigrationTarget) => Promise<Result>,
  wait?: { waitMs: number; onWait: (why: string) => void },
): Promise<Result> {
  const target = await requireTarget(context, input, input.args[0]);
  if (target.kind === "database") return work(await throughDaemon(context, target));
  return withPostgresAt(target.url, (client) => work(overConnection(client, wait?.waitMs)), wait);
}

async function throughDaemon(context: CliContext, target: DatabaseTarget): Promise<MigrationTarget> {
  const control = await context.forDatabase(target);
  return {
    compare: (files) => control.compareMigrations(target.ref, { files }),
    listApplied: () => control.listMigrations(target.ref),
    async migrate(files, options = {}) {
      const operation = await control.migrate(target.ref, { files, ...options });
      const { id, status, error, result } = await context.follow(control, operation, "Migrating");
      const kept = result as MigrateResult | null;
      if (error) return { result: kept, error: PosternError.fromBody(error) };
      if (status === "completed") return { result: kept };
      return { result: kept, error: posternError("Y3011", `Operation ${id} was ${status}.`) };
    },
  };
}

/** The engine is loaded here only: no other command needs it. */
export function overConnection(client: pg.Client, lockTimeoutMs?: number): MigrationTarget {
  return {
    async compare(bodies) {
      const { describeMigrations } = await import("../migrations/describe-migrations.ts");
      const { readMigrationBodies } = await import("../migrations/migration-file.ts");
      return describeMigrations(client, readMigrationBodies(bodies));
    },
    async listApplied() {
      const { listApplied } = await import("../migrations/describe-migrations.ts");
      return listApplied(client);
    },
    async migrate(bodies, options = {}) {
      const { applyMigrations, applyOptions } = await import("../migrations/apply-migrations.ts");
      const { readMigrationBodies } = await import("../migrations/migration-file.ts");
      const files = readMigrationBodies(bodies);
      const result = await applyMigrations(client, files, { ...applyOptions(options), lockTimeoutMs });
      const failed = result.migrations.find(({ error }) => error !== null);
      if (!failed?.error) return { result };
      const { message: detail, hint } = failed.error;
      return { result, error: posternError("Y5002", `Migration ${failed.name} failed.`, { detail, hint }) };
    },
  };
}
