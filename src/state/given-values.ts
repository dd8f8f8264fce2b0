/** In charge of what the values of managed databases hang on: whose services were started with others than those of now. */
import type { DatabaseId } from "../base/id.ts";
import type { EnvironmentKey } from "./releases.ts";
import type { Queryable } from "./state.ts";

/** By managed service: the database, and what its password and its place are told by. */
export type GivenValues = Record<string, string>;

const marker = `d.id || ':' || md5(concat_ws(' ', encode(d.password_sealed, 'hex'), d.instance_id, d.role_name, d.database_name))`;

/** Of now, in an environment. */
export async function readGivenValues(db: Queryable, key: EnvironmentKey): Promise<GivenValues> {
  const { rows } = await db.query<{ given: GivenValues }>(
    `select coalesce(jsonb_object_agg(s.service, ${marker}), '{}') as given
       from environment_services s join databases d on d.id = s.database_id
      where s.project_id = $1 and s.environment = $2 and d.destroyed_at is null`,
    [key.project_id, key.environment],
  );
  return rows[0]!.given;
}

/**
 * Environments in which something serves with values that are not those of now, and for which nothing was done yet. A
 * database that took the place of another is the next deploy's matter.
 */
export async function listOutdatedEnvironments(db: Queryable): Promise<EnvironmentKey[]> {
  const { rows } = await db.query<EnvironmentKey>(
    `select distinct e.project_id, e.environment
       from environment_releases e
       join service_processes p on p.project_id = e.project_id and p.environment = e.environment and p.is_serving
       cross join lateral jsonb_each_text(p.given) as g (service, given)
       join environment_services s
         on s.project_id = e.project_id and s.environment = e.environment and s.service = g.service
       join databases d on d.id = s.database_id and d.status = 'ready' and d.destroyed_at is null
      where e.active is not null
        and split_part(g.given, ':', 1) = d.id
        and g.given <> ${marker}
        and e.followed ->> g.service is distinct from ${marker}
        and not exists (
          select from operations o
           where o.status in ('pending', 'running') and (o.database_id = d.id or o.id = e.operation_id))`,
  );
  return rows;
}

/** With the restart that follows them, in one transaction. */
export async function noteFollowed(db: Queryable, key: EnvironmentKey, followed: GivenValues): Promise<void> {
  await db.query("update environment_releases set followed = $3 where project_id = $1 and environment = $2", [
    key.project_id,
    key.environment,
    JSON.stringify(followed),
  ]);
}

/** Environments in which something serves that is given this database's values. */
export async function listServingEnvironments(db: Queryable, id: DatabaseId): Promise<EnvironmentKey[]> {
  const { rows } = await db.query<EnvironmentKey>(
    `select s.project_id, s.environment
       from environment_services s
       join environment_releases e on e.project_id = s.project_id and e.environment = s.environment
      where s.database_id = $1 and e.active is not null
        and exists (select from service_processes p
                     where p.project_id = s.project_id and p.environment = s.environment and p.is_serving)
      order by 1, 2`,
    [id],
  );
  return rows;
}
