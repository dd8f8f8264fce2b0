-- Policies and grants name the roles anon and authenticated, and roles are in no dump. These two rows are: on a Postgres
-- without Postern their check makes the roles, before pg_restore comes to the policies.

create function postern.make_missing_role(role text) returns boolean
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regrole(quote_ident(role)) is null then
    execute format('create role %I nologin', role);
  end if;
  return true;
exception
  when duplicate_object or unique_violation then
    return true;
  when insufficient_privilege then
    raise warning 'role % is missing, and % may not create it', role, current_user;
    return true;
end $$;

create table postern.dumped_roles (name text primary key check (postern.make_missing_role(name)));
insert into postern.dumped_roles values ('anon'), ('authenticated');

revoke all on postern.dumped_roles from public;
revoke all on function postern.make_missing_role(text) from public;
