-- Who asks, for policies: in the template of all databases, and again wherever a database is made ready for clients. Run as
-- a superuser. Repeatable.

-- What auth.attach has written, and nobody else can: fields between \x1f. The user's subject, all claims as JSON, the
-- request's id and its secret (postern.capture_mutation), and of a tenant's token the tenant and the token's id.

create or replace function auth.uid() returns text
  language plpgsql stable parallel safe security definer
as $$
declare
  slot constant text := pg_catalog.current_setting('session_preload_libraries');
begin
  if pg_catalog.starts_with(slot, E'postern\x1f') then
    return nullif(pg_catalog.split_part(slot, E'\x1f', 2), '');
  end if;
  return null;
end $$;

create or replace function auth.jwt() returns jsonb
  language plpgsql stable parallel safe security definer
as $$
declare
  slot constant text := pg_catalog.current_setting('session_preload_libraries');
begin
  if pg_catalog.starts_with(slot, E'postern\x1f') then
    return nullif(pg_catalog.split_part(slot, E'\x1f', 3), '')::pg_catalog.jsonb;
  end if;
  return null;
end $$;

-- Of a token that was made for one tenant; null for everybody else, whatever their own tokens claim.
create or replace function auth.tenant_id() returns text
  language plpgsql stable parallel safe security definer
as $$
declare
  slot constant text := pg_catalog.current_setting('session_preload_libraries');
begin
  if pg_catalog.starts_with(slot, E'postern\x1f') then
    return nullif(pg_catalog.split_part(slot, E'\x1f', 6), '');
  end if;
  return null;
end $$;

create or replace function auth.role() returns text
  language sql stable parallel safe
as $$ select current_user::text $$;

-- No SET search_path on these: it would be paid per row of a policy. Their bodies name every object in full instead.
alter function auth.uid() owner to postern_ident;
alter function auth.jwt() owner to postern_ident;
alter function auth.tenant_id() owner to postern_ident;
