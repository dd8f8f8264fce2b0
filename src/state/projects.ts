/** In charge of the rows of projects and of their environments. */
import type { AccountId, ProjectId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface ProjectRow {
  id: ProjectId;
  account_id: AccountId;
  name: string;
  created_at: Date;
}

export interface EnvironmentRow {
  project_id: ProjectId;
  name: string;
  is_protected: boolean;
  created_at: Date;
  /** When a manifest was last applied; null: never. */
  applied_at: Date | null;
}

/** Undefined when the account has a project of that name already. */
export async function insertProject(
  db: Queryable,
  project: Pick<ProjectRow, "id" | "account_id" | "name">,
): Promise<ProjectRow | undefined> {
  const { rows } = await db.query<ProjectRow>(
    `insert into projects (id, account_id, name) values ($1, $2, $3)
     on conflict (account_id, name) do nothing returning *`,
    [project.id, project.account_id, project.name],
  );
  return rows[0];
}

/** By id or by name, newest first. `accountId` null: of any account. */
export async function findProjects(
  db: Queryable,
  filter: { ref: string; accountId: AccountId | null },
): Promise<ProjectRow[]> {
  const { rows } = await db.query<ProjectRow>(
    `select * from projects where (id = $1 or name = $1) and ($2::text is null or account_id = $2)
      order by created_at desc, id`,
    [filter.ref, filter.accountId],
  );
  return rows;
}

export interface ProjectRowWithFacts extends ProjectRow {
  owner: string;
  environments: string[];
}

/** Newest first. `accountId` null: everybody's. */
export async function listProjects(
  db: Queryable,
  accountId: AccountId | null,
): Promise<ProjectRowWithFacts[]> {
  const { rows } = await db.query<ProjectRowWithFacts>(
    `select p.*, a.username as owner,
            array(select e.name from environments e where e.project_id = p.id order by e.name) as environments
       from projects p join accounts a on a.id = p.account_id
      where $1::text is null or p.account_id = $1
      order by p.created_at desc, p.id`,
    [accountId],
  );
  return rows;
}

export async function findEnvironment(
  db: Queryable,
  projectId: ProjectId,
  name: string,
): Promise<EnvironmentRow | undefined> {
  const { rows } = await db.query<EnvironmentRow>(
    "select * from environments where project_id = $1 and name = $2",
    [projectId, name],
  );
  return rows[0];
}

export async function listEnvironments(db: Queryable, projectId: ProjectId): Promise<EnvironmentRow[]> {
  const { rows } = await db.query<EnvironmentRow>(
    "select * from environments where project_id = $1 order by name",
    [projectId],
  );
  return rows;
}

/** One that is there stays as it is, unless `isProtected` is said. */
export async function saveEnvironment(
  db: Queryable,
  environment: { projectId: ProjectId; name: string; isProtected?: boolean | undefined; byDefault: boolean },
): Promise<EnvironmentRow> {
  const { projectId, name, isProtected = null, byDefault } = environment;
  const { rows } = await db.query<EnvironmentRow>(
    `insert into environments as e (project_id, name, is_protected) values ($1, $2, coalesce($3::boolean, $4::boolean))
     on conflict (project_id, name) do update set is_protected = coalesce($3::boolean, e.is_protected)
     returning *`,
    [projectId, name, isProtected, byDefault],
  );
  return rows[0]!;
}

export async function noteApplied(
  db: Queryable,
  { project_id, name }: Pick<EnvironmentRow, "project_id" | "name">,
): Promise<void> {
  await db.query("update environments set applied_at = now() where project_id = $1 and name = $2", [
    project_id,
    name,
  ]);
}

/** With what belongs to it; stays where a database lives in it. */
export async function deleteEnvironment(
  db: Queryable,
  { project_id, environment }: { project_id: ProjectId; environment: string },
): Promise<void> {
  await db.query(
    `delete from environments e where project_id = $1 and name = $2 and not exists (
       select from environment_services s join databases d on d.id = s.database_id
        where s.project_id = e.project_id and s.environment = e.name and d.destroyed_at is null)`,
    [project_id, environment],
  );
}

/** One that has environments stays. */
export async function deleteProject(db: Queryable, id: ProjectId): Promise<void> {
  await db.query(
    "delete from projects p where id = $1 and not exists (select from environments e where e.project_id = p.id)",
    [id],
  );
}
