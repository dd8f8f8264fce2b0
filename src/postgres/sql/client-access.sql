-- In each database with client access, as the superuser of its server: what ties a session's transaction to the subject
-- of a token. Repeatable.

-- A schema whose name begins with pg_ can be made by superusers only and is in no dump: the key leaves the server
-- neither with a backup nor with a tenant's own pg_dump, which needs no right to read it.
set local allow_system_table_mods = on;
create schema if not exists pg_postern;
set local allow_system_table_mods = off;

-- The key of HMAC-SHA256, filled up to a block and mixed with the two pads of RFC 2104.
create table if not exists pg_postern.mac_key (
  single boolean primary key default true check (single),
  inner_key bytea not null,
  outer_key bytea not null
);
revoke all on schema pg_postern from public;
revoke all on pg_postern.mac_key from public;
grant usage on schema pg_postern to postern_ident;
grant select on pg_postern.mac_key to postern_ident;

-- claims: subject, \x1f, all claims as JSON.  exp: seconds since 1970.  mac: hex, of "<login role>|<pid>|<exp>|<claims>",
-- so it is of use to one role in one session. The identity lasts until the transaction ends.
create or replace function auth.attach(claims text, exp bigint, mac text) returns void
  language plpgsql volatile parallel unsafe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  key pg_postern.mac_key;
  expected bytea;
  written text;
begin
  select * into strict key from pg_postern.mac_key;
  expected := sha256(key.outer_key || sha256(key.inner_key || convert_to(
    concat_ws('|', session_user, pg_backend_pid(), exp, claims), 'UTF8')));
  -- "is not true": what is null is refused. Hashed once more, so the time of comparing tells nothing of the right answer.
  if (exp >= extract(epoch from clock_timestamp()) and claims <> ''
      and sha256(decode(mac, 'hex')) = sha256(expected)) is not true then
    raise insufficient_privilege using message = 'identity rejected';
  end if;
  -- An assignment is run without a plan of its own, which takes half of what PERFORM would.
  written := set_config('session_preload_libraries', concat(E'postern\x1f', claims), true);
end $$;
alter function auth.attach(text, bigint, text) owner to postern_ident;
revoke all on function auth.attach(text, bigint, text) from public;
