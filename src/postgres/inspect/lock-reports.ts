/** In charge of looks at locks: who holds what, and who waits for whom. */
import { type InspectReport, msSince, rowsOf, shortStatement } from "./report.ts";

/** A lock's object, as one would name it. */
const objectOf = `case when l.relation is not null then
           (select case when n.nspname = 'public' then '' else quote_ident(n.nspname) || '.' end || quote_ident(c.relname)
              from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = l.relation)
         when l.locktype = 'advisory' then 'advisory ' || ((l.classid::bigint << 32) | l.objid::bigint)
         when l.locktype = 'transactionid' then 'transaction ' || l.transactionid else l.locktype end`;

export const locksReport: InspectReport = {
  name: "locks",
  summary: "locks that keep others from reading, writing or altering, and who waits for one",
  columns: [
    { key: "pid", form: "count" },
    { key: "object" },
    { key: "mode" },
    { key: "granted", form: "flag" },
    { key: "held_ms", title: "for", form: "duration" },
    { key: "user" },
    { key: "state" },
    { key: "statement" },
  ],
  nothing: "Nobody holds a lock that others would notice.",
  /** What every reader and writer holds of its tables is no news; what they wait for is. */
  read: (client) =>
    rowsOf(
      client,
      `select l.pid, ${objectOf} as object, regexp_replace(l.mode, 'Lock$', '') as mode, l.granted,
              case when l.granted then ${msSince("a.xact_start")} else ${msSince("coalesce(l.waitstart, a.query_start)")} end as held_ms,
              a.usename as "user", a.state, ${shortStatement("a.query")} as statement,
              case when l.granted and (a.state like 'idle in transaction%'
                     or exists (select from pg_stat_activity w where l.pid = any (pg_blocking_pids(w.pid))))
                   then 'postern db kill ' || l.pid end as mend
         from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where a.datname = current_database() and l.pid <> pg_backend_pid()
          and (l.database is null or l.database = (select oid from pg_database where datname = current_database()))
          and (not l.granted or (l.locktype in ('relation', 'advisory')
               and (l.locktype = 'advisory' or l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock'))))
          and (l.relation is null or l.relation not in (select oid from pg_class where relnamespace = 'pg_catalog'::regnamespace))
        order by l.granted, held_ms desc nulls last, l.pid, object`,
    ),
};

export const blockingReport: InspectReport = {
  name: "blocking",
  summary: "who waits for whom, and which session to end",
  columns: [
    { key: "pid", title: "waits", form: "count" },
    { key: "waits_ms", title: "for", form: "duration" },
    { key: "object" },
    { key: "mode" },
    { key: "statement" },
    { key: "blocked_by", title: "blocked by", form: "count" },
    { key: "blocker_state", title: "which is" },
    { key: "blocker_statement", title: "its last statement" },
  ],
  nothing: "Nobody waits for a lock.",
  /** The session to end is the one at the end of the chain: it waits for nobody. */
  read: (client) =>
    rowsOf(
      client,
      `with recursive edge as (
         select w.pid, b.pid as blocker from pg_stat_activity w cross join lateral unnest(pg_blocking_pids(w.pid)) as b (pid)
          where w.datname = current_database()
       ), root as (
         select e.pid, e.blocker, array[e.pid] as path from edge e
         union all
         select r.pid, e.blocker, r.path || e.pid from root r join edge e on e.pid = r.blocker
          where not e.pid = any (r.path)
       )
       select e.pid, ${msSince("coalesce(l.waitstart, w.query_start)")} as waits_ms, ${objectOf} as object,
              regexp_replace(l.mode, 'Lock$', '') as mode, w.usename as "user", ${shortStatement("w.query")} as statement,
              e.blocker as blocked_by, b.usename as blocker_user, coalesce(b.state, 'hidden') as blocker_state,
              ${msSince("b.xact_start")} as blocker_transaction_ms, ${shortStatement("b.query")} as blocker_statement,
              (select 'postern db kill ' || min(r.blocker) from root r
                where r.pid = e.pid and not exists (select from edge o where o.pid = r.blocker)) as mend
         from edge e join pg_stat_activity w on w.pid = e.pid left join pg_stat_activity b on b.pid = e.blocker
         left join lateral (select * from pg_locks l where l.pid = e.pid and not l.granted limit 1) l on true
        order by waits_ms desc nulls last, e.pid, e.blocker`,
    ),
};
