-- What else can be under way with a database: a move to another tier, or to another version of Postgres.

alter table databases drop constraint databases_status_check;
alter table databases add constraint databases_status_check check (
  status in ('creating', 'ready', 'restoring', 'scaling', 'upgrading', 'failed', 'destroying', 'destroyed'));

create or replace function pool.find_login(login text, out username text, out verifier text)
  returns setof record
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
begin atomic
  select d.role_name, d.scram_verifier from public.databases d
   where d.role_name = login and d.status in ('creating', 'ready', 'restoring', 'scaling', 'upgrading');
end;
