-- Everything that an owner made in a database, as rows that two databases can be compared by. Reads catalogs only, with an
-- empty search_path, so that every name is written in full. $1: the owner, who is called "owner" in what is compared.

with spaces as (
  select oid, quote_ident(nspname) as name, nspacl, nspowner
    from pg_namespace
   where nspname !~ '^(pg_|information_schema$)' and nspname not in ('auth', 'postern', 'postern_private')
), extended as (
  select classid, objid from pg_depend where deptype = 'e'
), relations as (
  select c.*, s.name || '.' || quote_ident(c.relname) as name
    from pg_class c join spaces s on s.oid = c.relnamespace
   where not exists (select from extended e where e.classid = 'pg_class'::regclass and e.objid = c.oid)
), tables as (
  select * from relations where relkind in ('r', 'p', 'f')
), functions as (
  select p.*, s.name || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name
    from pg_proc p join spaces s on s.oid = p.pronamespace
   where not exists (select from extended e where e.classid = 'pg_proc'::regclass and e.objid = p.oid)
), types as (
  select t.*, s.name || '.' || quote_ident(t.typname) as name
    from pg_type t join spaces s on s.oid = t.typnamespace
   where t.typtype in ('e', 'd', 'c')
     and (t.typtype <> 'c' or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
     and not exists (select from extended e where e.classid = 'pg_type'::regclass and e.objid = t.oid)
), rights as (
  select 'table' as what, r.name as name, r.relowner as owner, a.*
    from relations r, aclexplode(coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's'::"char" else 'r'::"char" end, r.relowner))) a
   where r.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 'schema', s.name, s.nspowner, a.* from spaces s, aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) a
  union all
  select 'function', f.name, f.proowner, a.*
    from functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
  union all
  select 'type', t.name, t.typowner, a.*
    from types t, aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a where t.typtype <> 'c'
  union all
  select 'column', r.name || '.' || quote_ident(c.attname), r.relowner, a.*
    from relations r join pg_attribute c on c.attrelid = r.oid, aclexplode(c.attacl) a
   where c.attacl is not null and not c.attisdropped
), named_rights as (
  select what, name, owner, grantee, privilege_type || case when is_grantable then ' with grant option' else '' end as privilege,
         case when grantee = 0 then 'public' when pg_get_userbyid(grantee) = $1 then 'owner'
              else quote_ident(pg_get_userbyid(grantee)) end as role
    from rights where grantee <> owner
)
select 'extension' as kind, quote_ident(extname) as name, null as "table", '' as definition, 0 as position
  from pg_extension where extname <> 'plpgsql'
union all
select 'schema', name, null, '', 0 from spaces
union all
select 'type', t.name, null,
       case t.typtype
         when 'e' then 'enum (' || (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder)
                                      from pg_enum where enumtypid = t.oid) || ')'
         when 'd' then 'domain ' || format_type(t.typbasetype, t.typtypmod)
                || case when t.typnotnull then ' not null' else '' end || coalesce(' default ' || t.typdefault, '')
                || coalesce((select string_agg(' ' || pg_get_constraintdef(c.oid), '' order by c.conname)
                               from pg_constraint c where c.contypid = t.oid and c.contype = 'c'), '')
         else '(' || coalesce((select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                                                 order by a.attnum)
                                 from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '') || ')'
       end, 0
  from types t
union all
select 'sequence', r.name, null,
       format('as %s increment %s minvalue %s maxvalue %s start %s cache %s%s', format_type(q.seqtypid, null), q.seqincrement,
              q.seqmin, q.seqmax, q.seqstart, q.seqcache, case when q.seqcycle then ' cycle' else '' end), 0
  from relations r join pg_sequence q on q.seqrelid = r.oid
 where not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i')
union all
select 'table', t.name, null,
       concat_ws(' ', case when t.relpersistence = 'u' then 'unlogged' end, case when t.relkind = 'f' then 'foreign' end,
                 case when t.relkind = 'p' then 'partition by ' || pg_get_partkeydef(t.oid) end,
                 case when t.relispartition
                      then 'partition of ' || (select i.inhparent::regclass::text from pg_inherits i where i.inhrelid = t.oid)
                        || ' ' || pg_get_expr(t.relpartbound, t.oid) end,
                 'with (' || array_to_string(t.reloptions, ', ') || ')'), 0
  from tables t
union all
select 'column', t.name || '.' || quote_ident(a.attname), t.name,
       concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                 case when a.attcollation <> y.typcollation then 'collate ' || a.attcollation::regcollation::text end,
                 case when a.attgenerated <> '' then 'generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ') '
                   || case a.attgenerated when 's' then 'stored' else 'virtual' end
                      else 'default ' || pg_get_expr(d.adbin, d.adrelid) end,
                 case a.attidentity when 'a' then 'generated always as identity' when 'd' then 'generated by default as identity' end,
                 case when a.attnotnull then 'not null' end), a.attnum
  from tables t join pg_attribute a on a.attrelid = t.oid join pg_type y on y.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attnum > 0 and not a.attisdropped
union all
select 'constraint', t.name || '.' || quote_ident(c.conname), t.name,
       'constraint ' || quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid), 0
  from tables t join pg_constraint c on c.conrelid = t.oid where c.contype in ('c', 'f', 'p', 'u', 'x')
union all
select 'index', s.name || '.' || quote_ident(c.relname), r.name, pg_get_indexdef(i.indexrelid), 0
  from relations r join pg_index i on i.indrelid = r.oid join pg_class c on c.oid = i.indexrelid join spaces s on s.oid = c.relnamespace
 where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
union all
select 'row security', t.name, t.name, case when t.relforcerowsecurity then 'forced' else 'enabled' end, 0
  from tables t where t.relrowsecurity
union all
select 'policy', t.name || '.' || quote_ident(p.polname), t.name,
       concat_ws(' ', 'policy ' || quote_ident(p.polname) || ' on ' || t.name, case when not p.polpermissive then 'as restrictive' end,
                 'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
                 'to ' || (select string_agg(case when o = 0 then 'public' when pg_get_userbyid(o) = $1 then 'owner'
                                                  else quote_ident(pg_get_userbyid(o)) end, ', ' order by 1)
                             from unnest(p.polroles) o),
                 'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                 'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'), 0
  from tables t join pg_policy p on p.polrelid = t.oid
union all
select 'trigger', r.name || '.' || quote_ident(g.tgname), r.name,
       pg_get_triggerdef(g.oid) || case g.tgenabled when 'D' then ' disabled' when 'R' then ' replica' when 'A' then ' always' else '' end, 0
  from relations r join pg_trigger g on g.tgrelid = r.oid where not g.tgisinternal
union all
select case r.relkind when 'v' then 'view' else 'materialized view' end, r.name, null,
       coalesce('with (' || array_to_string(r.reloptions, ', ') || E')\n', '') || pg_get_viewdef(r.oid), 0
  from relations r where r.relkind in ('v', 'm')
union all
select case f.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, f.name, null,
       case f.prokind when 'a' then pg_get_function_result(f.oid) else pg_get_functiondef(f.oid) end, 0
  from functions f
union all
select 'grant', what || ' ' || name || ' to ' || role, null, string_agg(lower(privilege), ', ' order by privilege), 0
  from named_rights group by what, name, role
union all
select 'default privileges', case a.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
         else 'schemas' end || coalesce(' in ' || quote_ident(n.nspname), '') || ' to '
         || case when x.grantee = 0 then 'public' when pg_get_userbyid(x.grantee) = $1 then 'owner' else quote_ident(pg_get_userbyid(x.grantee)) end,
       null, string_agg(lower(x.privilege_type), ', ' order by x.privilege_type), 0
  from pg_default_acl a left join pg_namespace n on n.oid = a.defaclnamespace, aclexplode(a.defaclacl) x
 where pg_get_userbyid(a.defaclrole) = $1 group by 2
