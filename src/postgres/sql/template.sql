-- Once per Postgres server, in the template from which every user's database is copied: the privileges that keep
-- tenants apart, which would take far longer to set in each new database than copying them takes.

revoke create on schema public from public;
grant usage on schema public to anon, authenticated;
revoke usage on language plpgsql, sql from public;
grant usage on language plpgsql, sql to postern_owner;

-- Identity: the functions in it (identity.sql) say who asks, and nobody but Postern can set what they say.
create schema auth;
grant usage on schema auth to public;

-- Builtins with side effects, or that show other sessions, are for owners and not for everyone.
do $$
declare
  item record;
begin
  for item in
    select p.oid::regprocedure as signature
      from pg_proc p
     where p.pronamespace = 'pg_catalog'::regnamespace
       and has_function_privilege('public', p.oid, 'execute')
       and p.prorettype not in (
             'trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype, 'language_handler'::regtype,
             'index_am_handler'::regtype, 'table_am_handler'::regtype, 'tsm_handler'::regtype, 'fdw_handler'::regtype)
       and not 'internal'::regtype = any (p.proargtypes::oid[])
       and ((p.provolatile = 'v' and p.proname not in (
               'clock_timestamp', 'timeofday', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'random', 'random_normal', 'setseed',
               'array_sample', 'array_shuffle', 'nextval', 'currval', 'lastval', 'setval', 'current_query',
               'pg_is_in_recovery', 'plpgsql_call_handler', 'plpgsql_inline_handler', 'plpgsql_validator'))
         or p.proname ~ '^pg_(stat_get_|lock_status|cursor$|prepared_|listening|show_all|get_wait|get_replication|tablespace_|ls_|hba_|control_|export|get_backend|get_shmem|config|conf|filenode|relation_file|settings_)'
         or p.proname ~ '^(query|table|schema|database|cursor)_to_xml')
  loop
    execute format('revoke execute on function %s from public', item.signature);
    execute format('grant execute on function %s to postern_owner, pg_monitor, postern_ident', item.signature);
  end loop;

  for item in
    select c.oid::regclass as name
      from pg_class c
     where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v')
       and (c.relname in (
              'pg_database', 'pg_db_role_setting', 'pg_shdescription', 'pg_shdepend', 'pg_shseclabel', 'pg_tablespace',
              'pg_roles', 'pg_user', 'pg_group', 'pg_auth_members', 'pg_locks', 'pg_settings', 'pg_file_settings', 'pg_cursors',
              'pg_prepared_statements', 'pg_prepared_xacts', 'pg_replication_origin', 'pg_replication_slots',
              'pg_parameter_acl', 'pg_largeobject_metadata')
         or c.relname like 'pg\_stat\_%' or c.relname like 'pg\_statio\_%')
       and has_table_privilege('public', c.oid, 'select')
  loop
    execute format('revoke all on %s from public', item.name);
    execute format('grant select on %s to postern_owner, pg_monitor', item.name);
  end loop;
end $$;

-- These privileges belong to the server and not to the user's data: recorded as initial ones, they stay out of dumps.
delete from pg_init_privs i using pg_proc p
 where i.classoid = 'pg_proc'::regclass and i.objoid = p.oid and p.pronamespace = 'pg_catalog'::regnamespace;
insert into pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
  select oid, 'pg_proc'::regclass, 0, 'i', proacl from pg_proc
   where pronamespace = 'pg_catalog'::regnamespace and proacl is not null;
delete from pg_init_privs i using pg_class c
 where i.classoid = 'pg_class'::regclass and i.objsubid = 0 and i.objoid = c.oid and c.relnamespace = 'pg_catalog'::regnamespace;
insert into pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
  select oid, 'pg_class'::regclass, 0, 'i', relacl from pg_class
   where relnamespace = 'pg_catalog'::regnamespace and relacl is not null;
delete from pg_init_privs i using pg_language l where i.classoid = 'pg_language'::regclass and i.objoid = l.oid;
insert into pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
  select oid, 'pg_language'::regclass, 0, 'i', lanacl from pg_language where lanacl is not null;
