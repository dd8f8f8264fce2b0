/** In charge of the rows of services' processes, and of the ports at which services are reached. */
import { hasCode } from "../base/error.ts";
import type { GivenValues } from "./given-values.ts";
import type { EnvironmentKey } from "./releases.ts";
import type { Queryable } from "./state.ts";

export interface ServiceProcessRow extends EnvironmentKey {
  mark: string;
  service: string;
  release: number;
  port: number | null;
  pid: number | null;
  start_time: string | null;
  is_serving: boolean;
  /** What the values that it was started with hang on. */
  given: GivenValues | null;
  created_at: Date;
}

/** Before it is started. */
export async function insertProcess(
  db: Queryable,
  row: Omit<ServiceProcessRow, "created_at" | "pid" | "start_time">,
): Promise<void> {
  await db.query(
    `insert into service_processes (mark, project_id, environment, service, release, port, is_serving, given)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      row.mark,
      row.project_id,
      row.environment,
      row.service,
      row.release,
      row.port,
      row.is_serving,
      JSON.stringify(row.given),
    ],
  );
}

export async function noteProcessStarted(
  db: Queryable,
  mark: string,
  { pid, startTime }: { pid: number; startTime: string | null },
): Promise<void> {
  await db.query("update service_processes set pid = $2, start_time = $3 where mark = $1", [
    mark,
    pid,
    startTime,
  ]);
}

/** From now on these serve in the environment, and no others. */
export async function chooseServing(
  tx: Queryable,
  key: EnvironmentKey,
  marks: readonly string[],
): Promise<void> {
  await tx.query(
    `update service_processes set is_serving = mark = any($3::text[])
      where project_id = $1 and environment = $2`,
    [key.project_id, key.environment, marks],
  );
}

/** After it is gone. */
export async function deleteProcess(db: Queryable, mark: string): Promise<void> {
  await db.query("delete from service_processes where mark = $1", [mark]);
}

/** Oldest first. */
export async function listProcesses(db: Queryable, key?: EnvironmentKey): Promise<ServiceProcessRow[]> {
  const { rows } = await db.query<ServiceProcessRow>(
    `select * from service_processes
      where $1::text is null or (project_id = $1 and environment = $2) order by created_at, mark`,
    [key?.project_id ?? null, key?.environment ?? null],
  );
  return rows;
}

export async function listServicePorts(
  db: Queryable,
): Promise<(EnvironmentKey & { service: string; port: number })[]> {
  const { rows } = await db.query<EnvironmentKey & { service: string; port: number }>(
    "select * from service_ports order by project_id, environment, service",
  );
  return rows;
}

/** False when another service has that port. */
export async function saveServicePort(
  db: Queryable,
  row: EnvironmentKey & { service: string; port: number },
): Promise<boolean> {
  try {
    await db.query(
      `insert into service_ports (project_id, environment, service, port) values ($1, $2, $3, $4)
       on conflict (project_id, environment, service) do update set port = excluded.port`,
      [row.project_id, row.environment, row.service, row.port],
    );
    return true;
  } catch (error) {
    if (hasCode(error, "23505")) return false;
    throw error;
  }
}
