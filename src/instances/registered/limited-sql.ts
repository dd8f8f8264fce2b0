/**
 * In charge of the platform's SQL where Postern is no superuser, as on managed servers. What needs one there: a setting
 * that nobody else may write, which holds who asks; a schema that no dump sees, which holds the key. In their place stand
 * a setting of its own whose every reading proves by a MAC that Postern wrote it in this transaction, and a materialized
 * view, whose contents no dump holds either.
 */
import { readSql } from "../../postgres/read-sql.ts";

type Script = "identity" | "client-access" | "state-log";

const prologue = `
create schema if not exists auth;
create schema if not exists postern;
revoke all on schema postern from public;
grant usage on schema auth to public;
grant usage on schema postern to postern_ident, postern_log;
grant create on schema auth, postern to postern_ident, postern_log;

create materialized view if not exists postern.mac_key as
  select true as single,
         pg_catalog.decode(pg_catalog.current_setting('postern.inner_key', true), 'hex') as inner_key,
         pg_catalog.decode(pg_catalog.current_setting('postern.outer_key', true), 'hex') as outer_key;
revoke all on postern.mac_key from public;
grant select on postern.mac_key to postern_ident;

-- Of one session, one transaction and these words: what somebody kept of another one is worth nothing.
create or replace function postern.slot_mac(words text) returns text
  language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  key postern.mac_key;
begin
  select * into strict key from postern.mac_key;
  return encode(sha256(key.outer_key || sha256(key.inner_key || convert_to(
    concat_ws('|', 'slot', session_user, extract(epoch from transaction_timestamp()), words), 'UTF8'))), 'hex');
end $$;
alter function postern.slot_mac(text) owner to postern_ident;

create or replace function postern.fill_slot(words text) returns text
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$ select set_config('postern.identity', concat(postern.slot_mac(words), words), true) $$;

-- A client that empties or alters its slot is no other client then: it is refused.
create or replace function postern.identity_slot() returns text
  language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  slot constant text := coalesce(current_setting('postern.identity', true), '');
begin
  if slot = '' and right(session_user::text, 6) <> '_authd' then
    return '';
  end if;
  if left(slot, 64) = postern.slot_mac(substr(slot, 65)) then
    return substr(slot, 65);
  end if;
  raise insufficient_privilege using message = 'identity rejected';
end $$;
alter function postern.identity_slot() owner to postern_ident;
revoke all on function postern.slot_mac(text), postern.fill_slot(text), postern.identity_slot() from public;
grant execute on function postern.slot_mac(text), postern.fill_slot(text) to postern_ident;
grant execute on function postern.identity_slot() to postern_ident, postern_log;
`;

const epilogue = "\nrevoke create on schema auth, postern from postern_ident, postern_log;\n";

/** One of the platform's scripts as a role with CREATEROLE and CREATEDB can run it in its own database. Repeatable. */
export async function limitedSql(script: Script): Promise<string> {
  const text = await readSql(script);
  const own = script === "client-access" ? text.slice(text.indexOf("-- claims:")) : text;
  const changed = own
    .replaceAll(/(?:pg_catalog\.)?current_setting\('session_preload_libraries'\)/g, "postern.identity_slot()")
    .replaceAll("set_config('session_preload_libraries', ", "postern.fill_slot(")
    .replaceAll(", context), true);", ", context));")
    .replaceAll(", claims), true);", ", claims));")
    .replaceAll("pg_postern.", "postern.")
    .replaceAll(/^grant pg_read_all_settings to .*$/gm, "");
  return prologue + changed + epilogue;
}

/** What a tenant's database begins with there, beside the scripts. */
export const limitedTemplateSql = `
revoke create on schema public from public;
grant usage on schema public to anon, authenticated;
`;
