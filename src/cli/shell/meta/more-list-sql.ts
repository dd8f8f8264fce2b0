/** In charge of the questions behind the rarer lists: `\ddp`, `\drds`, `\dconfig` and their like. Parameters as in list-sql.ts. */
import type { ListCommand } from "./list-sql.ts";

const own = (namespace: string): string => `
  ($1::text is null or ${namespace} ~ $1) and ($1::text is not null or $2::text is not null or $3::text = 'on'
    or ${namespace} <> 'information_schema' and ${namespace} !~ '^pg_' and pg_get_userbyid(n.nspowner) <> 'postern_admin')`;

const named = (name: string): string => `($2::text is null or ${name} ~ $2)`;
/** Not in a schema: a pattern with one finds nothing. */
const bare = (name: string): string => `${named(name)} and $1::text is null and $3::text is not null`;

const list = (title: string, sql: string): ListCommand => ({ title, sql: () => sql });

export const moreLists: Record<string, ListCommand> = {
  dD: list(
    "Domains",
    `select n.nspname as schema, t.typname as name, format_type(t.typbasetype, t.typtypmod) as type,
       case when t.typnotnull then 'not null' else '' end as nullable, coalesce(t.typdefault, '') as default,
       array_to_string(array(select pg_get_constraintdef(k.oid, true) from pg_constraint k where k.contypid = t.oid
         and k.contype = 'c' order by k.conname), ' ') as check
     from pg_type t join pg_namespace n on n.oid = t.typnamespace
     where t.typtype = 'd' and ${named("t.typname")} and ${own("n.nspname")} order by 1, 2`,
  ),
  db: list(
    "Tablespaces",
    `select spcname as name, pg_get_userbyid(spcowner) as owner, pg_tablespace_location(oid) as location
     from pg_tablespace where ${bare("spcname")} order by 1`,
  ),
  dC: list(
    "Casts",
    `select format_type(c.castsource, null) as from, format_type(c.casttarget, null) as to,
       case c.castmethod when 'b' then 'as it is' when 'i' then 'by its text' else p.proname end as how,
       case c.castcontext when 'e' then 'when asked' when 'a' then 'in assignments' else 'always' end as when
     from pg_cast c left join pg_proc p on p.oid = c.castfunc
     where ($2::text is null or format_type(c.castsource, null) ~ $2 or format_type(c.casttarget, null) ~ $2)
       and $1::text is null and ($3::text = 'on' or $2::text is not null or c.oid >= 16384) order by 1, 2`,
  ),
  dL: list(
    "Languages",
    `select lanname as name, pg_get_userbyid(lanowner) as owner, lanpltrusted as trusted
     from pg_language where lanispl and ${bare("lanname")} order by 1`,
  ),
  dRp: list(
    "Publications",
    `select pubname as name, pg_get_userbyid(pubowner) as owner, puballtables as "all tables", pubinsert as inserts,
       pubupdate as updates, pubdelete as deletes,
       array_to_string(array(select schemaname || '.' || tablename from pg_publication_tables t where t.pubname = p.pubname
         order by 1), ', ') as tables
     from pg_publication p where ${bare("pubname")} order by 1`,
  ),
  dRs: list(
    "Subscriptions",
    `select subname as name, pg_get_userbyid(subowner) as owner, subenabled as enabled,
       array_to_string(subpublications, ', ') as publications
     from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())
       and ${bare("subname")} order by 1`,
  ),
  drds: list(
    "Settings of roles and databases",
    `select coalesce(r.rolname, 'all') as role, coalesce(d.datname, 'all') as database,
       array_to_string(s.setconfig, E'\\n') as settings
     from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
     where ${bare("coalesce(r.rolname, '')")}
       and ($3::text = 'on' or s.setdatabase = 0 or d.datname = current_database()) order by 1, 2`,
  ),
  drg: list(
    "Memberships of roles",
    `select u.rolname as role, g.rolname as "member of", case when m.admin_option then 'may grant it' else '' end as note,
       pg_get_userbyid(m.grantor) as grantor
     from pg_auth_members m join pg_roles u on u.oid = m.member join pg_roles g on g.oid = m.roleid
     where ${bare("u.rolname")} and ($3::text = 'on' or $2::text is not null or u.rolname !~ '^(pg|postern)_') order by 1, 2`,
  ),
  ddp: list(
    "Default privileges",
    `select pg_get_userbyid(a.defaclrole) as owner, coalesce(n.nspname, '') as schema,
       case a.defaclobjtype when 'r' then 'table' when 'S' then 'sequence' when 'f' then 'function' when 'T' then 'type'
         when 'n' then 'schema' else a.defaclobjtype::text end as type,
       array_to_string(a.defaclacl, E'\\n') as privileges
     from pg_default_acl a left join pg_namespace n on n.oid = a.defaclnamespace
     where ${bare("coalesce(n.nspname, '')")} and ($3::text = 'on' or coalesce(n.nspname, '') <> 'postern') order by 1, 2, 3`,
  ),
  dy: list(
    "Event triggers",
    `select evtname as name, evtevent as event, pg_get_userbyid(evtowner) as owner,
       case evtenabled when 'D' then 'no' else 'yes' end as enabled, evtfoid::regproc::text as function,
       array_to_string(evttags, ', ') as tags
     from pg_event_trigger where ${bare("evtname")}
       and ($3::text = 'on' or $2::text is not null or pg_get_userbyid(evtowner) <> 'postern_admin') order by 1`,
  ),
  dconfig: list(
    "Settings",
    `select name, current_setting(name) as value, source
     from pg_settings where ${bare("name")} and ($2::text is not null or $3::text = 'on' or source not in ('default', 'override'))
     order by 1`,
  ),
};
