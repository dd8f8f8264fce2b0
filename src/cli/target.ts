/** In charge of finding out which database a command is about; one rule for all commands. */
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { findProject, type Project } from "./project-file.ts";
import { requireProjectRef } from "./project-reference.ts";

export interface DatabaseTarget {
  kind: "database";
  /** Id, or a name that is unique among what the user may see. */
  ref: string;
  token?: string | undefined;
  /** Where the token is good; the user's API when absent. */
  apiUrl?: string | undefined;
  /** Set when it was named by its environment. */
  environment?: { project: string; name: string; service: string } | undefined;
}

/** The database of an environment; which one that is, the daemon tells. */
export interface EnvironmentTarget {
  kind: "environment";
  environment: string;
  project?: string | undefined;
  service?: string | undefined;
}

export type Target = DatabaseTarget | { kind: "url"; url: string };

export interface TargetSources {
  /** NAME|ID as an argument. */
  named: string | undefined;
  input: CommandInput;
  project: Project | undefined;
  environment: NodeJS.ProcessEnv;
}

/**
 * Argument, then --db-id with --token, --url, --env, POSTERN_DB, POSTERN_ENV, POSTERN_URL, and the linked database. Undefined
 * when none of them says. @throws Y1013 when they contradict each other
 */
export function resolveTarget({
  named,
  input,
  project,
  environment,
}: TargetSources): Target | EnvironmentTarget | undefined {
  const id = input.text("dbId");
  const token = input.text("token") ?? (id === undefined ? undefined : environment.DATABASE_TOKEN);
  const url = input.text("url");
  const env = input.text("env");
  if ((id === undefined) !== (token === undefined)) {
    throw posternError("Y1013", `${id === undefined ? "--token" : "--db-id"} does not stand alone.`, {
      hint: "Give --db-id and --token, or neither.",
    });
  }
  if ([named, id, url, env].filter((given) => given !== undefined).length > 1) {
    throw posternError("Y1013", "The database is named twice.", {
      hint: "Give one of: its name or id, --db-id with --token, --url, --env.",
    });
  }
  if (named !== undefined) return linkedOr(named, project);
  if (id !== undefined) return { kind: "database", ref: id, token };
  if (url !== undefined) return { kind: "url", url: checkUrl(url) };
  const place = { project: input.text("project"), service: input.text("service") };
  if (env !== undefined) return { kind: "environment", environment: env, ...place };
  if (environment.POSTERN_DB) return linkedOr(environment.POSTERN_DB, project);
  if (environment.POSTERN_ENV) return { kind: "environment", environment: environment.POSTERN_ENV, ...place };
  if (environment.POSTERN_URL) return { kind: "url", url: checkUrl(environment.POSTERN_URL) };
  return project && linked(project);
}

/** The target, chosen from a list where nothing says it. @throws Y1014 where nobody can be asked */
export async function requireTarget(
  context: CliContext,
  input: CommandInput,
  named?: string,
): Promise<Target> {
  const project = await findProject(context.directory);
  const target = resolveTarget({ named, input, project, environment: process.env });
  if (target?.kind === "environment") return findEnvironmentDatabase(context, target);
  if (target) return target;
  const hint = "Name it, run `postern link NAME` in this folder, or set POSTERN_DB.";
  const databases = process.stdin.isTTY ? await (await context.account()).listDatabases() : [];
  const ref = await context.prompt.choose(
    "Which database?",
    databases.map(({ id, name }) => ({ value: id, label: `${name}  ${id}` })),
    hint,
  );
  return { kind: "database", ref };
}

/** As the user's account: an environment's database has no token on this machine. @throws Y7003 Y7004 Y7005 Y7006 Y1013 */
export async function findEnvironmentDatabase(
  context: CliContext,
  { environment, project, service }: EnvironmentTarget,
): Promise<DatabaseTarget> {
  const ref = await requireProjectRef(context.directory, project);
  const control = await context.account();
  const database = await control.getEnvironmentDatabase(ref, environment, service);
  const { name, project_id, service: known } = database.environment!;
  return {
    kind: "database",
    ref: database.id,
    environment: { project: project_id, name, service: known },
  };
}

/** @throws Y1013 for a --url where only one of Postern's own databases will do */
export async function requireDatabase(
  context: CliContext,
  input: CommandInput,
  named?: string,
): Promise<DatabaseTarget> {
  const target = await requireTarget(context, input, named);
  if (target.kind === "database") return target;
  throw posternError("Y1013", "This works on Postern's databases only, not on an address.", {
    hint: "Name the database, or unset POSTERN_URL.",
  });
}

/** The linked database's token is good for it under either of its names. */
function linkedOr(named: string, project: Project | undefined): DatabaseTarget {
  const isLinked = project && [project.link.database_id, project.link.name].includes(named);
  return isLinked ? linked(project) : { kind: "database", ref: named };
}

const linked = ({ link }: Project): DatabaseTarget => ({
  kind: "database",
  ref: link.database_id,
  token: link.token,
  apiUrl: link.token === undefined ? undefined : link.api_url,
});

function checkUrl(url: string): string {
  if (/^postgres(ql)?:\/\//.test(url)) return url;
  throw posternError("Y1013", "The address does not begin with postgres://.", {
    hint: "Write postgres://user:password@host:port/database.",
  });
}
