-- Once per Postgres server, as its superuser: the roles that every database of Postern's relies on. Repeatable.

do $$
declare
  role text;
begin
  -- anon, authenticated: what policies and grants name; nobody logs in as them.
  -- postern_ident: owns the functions that say who a client is.  postern_owner: what all owners may do.
  foreach role in array array['anon', 'authenticated', 'postern_ident', 'postern_owner'] loop
    if to_regrole(role) is null then
      execute format('create role %I nologin', role);
    end if;
  end loop;
  if to_regrole('postern_backup') is null then
    create role postern_backup login inherit bypassrls;
  end if;
  if to_regrole('postern_pooler') is null then
    create role postern_pooler login connection limit 20;
  end if;
end $$;

-- A backup reads everything, row security or not, and may do nothing else.
grant pg_read_all_data, pg_monitor to postern_backup;
alter role postern_backup set lo_compat_privileges = on;
alter role postern_backup set statement_timeout = 0;

-- The identity of a client is kept in a setting that only postern_ident may write and only it and monitors may read.
-- session_preload_libraries has no effect once a session has started, which makes it a safe slot.
grant set on parameter session_preload_libraries to postern_ident;
grant pg_read_all_settings to postern_ident;

revoke connect, temporary on database postgres, template1 from public;
