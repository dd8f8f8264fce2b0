/** In charge of the rows of who changed what. */
import type { Queryable } from "./state.ts";

export interface AuditRow {
  id: string;
  at: Date;
  request_id: string;
  actor_kind: "account" | "database" | "nobody";
  actor_id: string | null;
  actor_name: string | null;
  key_id: string | null;
  action: string;
  target: string | null;
  status: number;
  code: string | null;
}

export type NewAuditRow = Omit<AuditRow, "id" | "at" | "actor_name">;

export async function insertAudit(db: Queryable, row: NewAuditRow): Promise<void> {
  await db.query(
    `insert into audit_log (request_id, actor_kind, actor_id, actor_name, key_id, action, target, status, code)
     values ($1, $2, $3, (select username from accounts where id = $3), $4, $5, $6, $7, $8)`,
    [row.request_id, row.actor_kind, row.actor_id, row.key_id, row.action, row.target, row.status, row.code],
  );
}

export type AuditOutcome = "done" | "refused" | "failed";

export interface AuditFilter {
  /** Only what this account did. */
  accountId: string | null;
  /** Username or id. */
  actor?: string | undefined;
  action?: string | undefined;
  /** What was named, or any part of it between slashes. */
  target?: string | undefined;
  since?: Date | undefined;
  outcome?: AuditOutcome | undefined;
  /** Only older ones than this one. */
  before?: string | undefined;
  limit: number;
}

/** Newest first. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<AuditRow[]> {
  const { rows } = await db.query<AuditRow>(
    `select * from audit_log
      where ($1::text is null or actor_id = $1)
        and ($2::text is null or actor_id = $2 or actor_name = $2)
        and ($3::text is null or action = $3)
        and ($4::text is null or target = $4 or $4 = any (string_to_array(target, '/')))
        and ($5::timestamptz is null or at >= $5)
        and ($6::text is null or $6 = case when status < 400 then 'done' when status < 500 then 'refused' else 'failed' end)
        and ($7::bigint is null or (at, id) < (select b.at, b.id from audit_log b where b.id = $7))
      order by at desc, id desc limit $8`,
    [
      filter.accountId,
      filter.actor ?? null,
      filter.action ?? null,
      filter.target ?? null,
      filter.since ?? null,
      filter.outcome ?? null,
      filter.before ?? null,
      filter.limit,
    ],
  );
  return rows;
}

export async function deleteOldAudit(db: Queryable, days: number): Promise<void> {
  await db.query("delete from audit_log where at < now() - make_interval(days => $1)", [days]);
}
