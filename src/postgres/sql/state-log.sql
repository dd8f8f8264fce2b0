-- The log of changes: who changed which row, from what to what. Repeatable. It belongs to the platform: whoever owns the
-- database reads it, and nobody but the trigger below and Postern itself writes it.

-- Owns what writes the log, and can do nothing else: turning a row into JSON runs casts that an owner may have made.
do $$
begin
  create role postern_log nologin;
exception
  when duplicate_object or unique_violation then null;
end $$;
grant pg_read_all_settings to postern_log;

create table if not exists postern.state_mutations (
  at timestamptz not null,
  request_id text,                                -- null: not by a request
  table_oid oid not null,                         -- finds a table that was renamed since
  schema_name text not null,
  table_name text not null,                       -- of a partitioned table: its own, and not the partition's
  row_id text,                                    -- the primary key: its value, or an object of its columns; null without one
  operation text not null,                        -- INSERT, UPDATE, DELETE, TRUNCATE
  old jsonb,
  new jsonb,
  changed text[],                                 -- columns, of an UPDATE
  actor text not null,                            -- subject of the caller's token, its tenant, or the role that logged in
  rolled_back boolean not null default false      -- was tried, and did not last
) partition by range (at);

create table if not exists postern.state_mutations_rest partition of postern.state_mutations default;
create index if not exists state_mutations_row on postern.state_mutations (row_id, at);
-- Each partition has one of these: what emptied a table is in the history of each of its rows, and among rows without a key
-- it would not be found; and one by which the newest of a table is found. Not on the whole: a log that is large already need
-- not wait for them.
create index if not exists state_mutations_rest_truncates on postern.state_mutations_rest (at) where operation = 'TRUNCATE';
create index if not exists state_mutations_rest_tables on postern.state_mutations_rest (table_oid, at);
create index if not exists state_mutations_request on postern.state_mutations (request_id) where request_id is not null;

revoke all on postern.state_mutations, postern.state_mutations_rest from public;
grant select on postern.state_mutations, postern.state_mutations_rest to postern_owner;
grant usage on schema postern to postern_ident, postern_log;
grant insert on postern.state_mutations to postern_log;

-- Arguments: 'all' or 'records' (only what comes through /records), the columns of the primary key, masked columns.
-- What a request is, is said where nobody but Postern can write: fields between \x1f, the fourth the request's id, the fifth
-- a secret of a request of /records, whose records are told to Postern at once, so that it knows them if all is undone. The
-- sixth and the seventh are the tenant and the id of a tenant's token.
create or replace function postern.capture_mutation() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC'
as $$
declare
  slot constant text := current_setting('session_preload_libraries');
  context text[];
  before jsonb;
  after jsonb;
  image jsonb;
  key_columns text[] := tg_argv[1]::text[];
  masked constant text[] := tg_argv[2]::text[];
  changes text[];
  ids text[] := '{null}';
  entry postern.state_mutations;
begin
  if starts_with(slot, 'postern') then
    context := string_to_array(slot, E'\x1f');
  end if;
  if tg_argv[0] = 'records' and coalesce(context[5], '') = '' then
    return null;
  end if;
  if tg_op = 'DELETE' or tg_op = 'UPDATE' then
    before := to_jsonb(old);
  end if;
  if tg_op = 'INSERT' or tg_op = 'UPDATE' then
    after := to_jsonb(new);
  end if;
  image := coalesce(after, before);
  if image is not null then
    -- A column of the key was renamed since the trigger was made.
    if not image ?& key_columns then
      select array_agg(a.attname::text order by array_position(i.indkey::int2[], a.attnum)) into key_columns
        from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
       where i.indrelid = tg_relid and i.indisprimary;
    end if;
    if cardinality(key_columns) = 1 then
      ids := array[image ->> key_columns[1]];
      if before ->> key_columns[1] <> ids[1] then
        ids := array[before ->> key_columns[1], ids[1]];
      end if;
    elsif cardinality(key_columns) > 1 then
      ids := array[(select jsonb_object_agg(name, image -> name)::text from unnest(key_columns) name)];
      if tg_op = 'UPDATE' and (select jsonb_object_agg(name, before -> name)::text from unnest(key_columns) name) <> ids[1] then
        ids := (select jsonb_object_agg(name, before -> name)::text from unnest(key_columns) name) || ids;
      end if;
    end if;
  end if;
  if tg_op = 'UPDATE' then
    changes := array(select n.key from jsonb_each(after) n where n.value is distinct from before -> n.key);
  end if;
  if cardinality(masked) > 0 then
    before := before || coalesce((select jsonb_object_agg(name, '[masked]') from unnest(masked) name
                                   where before ->> name is not null), '{}');
    after := after || coalesce((select jsonb_object_agg(name, '[masked]') from unnest(masked) name
                                 where after ->> name is not null), '{}');
  end if;
  entry.at := clock_timestamp();
  entry.request_id := nullif(context[4], '');
  entry.table_oid := tg_relid;
  entry.schema_name := tg_table_schema;
  entry.table_name := tg_table_name;
  if tg_argv[3] = 'partitioned' then
    select c.oid, n.nspname, c.relname into entry.table_oid, entry.schema_name, entry.table_name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = coalesce(pg_partition_root(tg_relid), tg_relid);
  end if;
  entry.operation := tg_op;
  entry.old := before;
  entry.new := after;
  entry.changed := changes;
  entry.actor := coalesce(nullif(context[2], ''), 'tenant ' || nullif(context[6], '') || ' (' || context[7] || ')', session_user);
  entry.rolled_back := false;
  -- Where the key itself was changed, the row is found by the old one as well as by the new one.
  foreach entry.row_id in array ids loop
    insert into postern.state_mutations values (entry.*);
    if coalesce(context[5], '') <> '' then
      raise info '%', context[5] || to_jsonb(entry)::text;
    end if;
  end loop;
  return null;
end $$;
alter function postern.capture_mutation() owner to postern_log;
revoke all on function postern.capture_mutation() from public;

-- Ties what the owner's session does next to a request: until its transaction ends, and only with a MAC of Postern's.
-- context: <request>\x1f<secret>.  mac: hex, of "request|<login role>|<pid>|<exp>|<context>"
create or replace function postern.attach_request(context text, exp bigint, mac text) returns void
  language plpgsql volatile parallel unsafe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  key record;
  expected bytea;
  written text;
begin
  select * into strict key from pg_postern.mac_key;
  expected := sha256(key.outer_key || sha256(key.inner_key || convert_to(
    concat_ws('|', 'request', session_user, pg_backend_pid(), exp, context), 'UTF8')));
  if (exp >= extract(epoch from clock_timestamp()) and context <> ''
      and sha256(decode(mac, 'hex')) = sha256(expected)) is not true then
    raise insufficient_privilege using message = 'request rejected';
  end if;
  -- An assignment needs no plan of its own, as in auth.attach.
  written := set_config('session_preload_libraries', concat(E'postern-request\x1fowner\x1f\x1f', context), true);
end $$;
alter function postern.attach_request(text, bigint, text) owner to postern_ident;
revoke all on function postern.attach_request(text, bigint, text) from public;

-- What a request with an idempotency key has answered; written with what the request did, or not at all.
create table if not exists postern.kept_answers (
  caller text not null,
  key text not null,
  fingerprint text not null,                      -- of what was asked
  answer text,                                    -- null: too large to be kept
  at timestamptz not null default now(),
  primary key (caller, key)
);
revoke all on postern.kept_answers from public;
grant select on postern.kept_answers to postern_owner;
grant select, insert, update on postern.kept_answers to postern_log;

-- secret: that of the request, which nobody but Postern knows. Waits for another request with the same key. Null: it is new.
create or replace function postern.claim_key(secret text, caller text, key text, fingerprint text)
  returns postern.kept_answers
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  kept postern.kept_answers;
begin
  perform postern.check_secret(secret);
  insert into postern.kept_answers (caller, key, fingerprint) values ($2, $3, $4) on conflict do nothing;
  if found then
    return null;
  end if;
  select * into strict kept from postern.kept_answers a where a.caller = $2 and a.key = $3;
  return kept;
end $$;

create or replace function postern.keep_answer(secret text, caller text, key text, answer text) returns void
  language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform postern.check_secret(secret);
  update postern.kept_answers a set answer = $4 where a.caller = $2 and a.key = $3;
end $$;

create or replace function postern.check_secret(secret text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (length(secret) = 32
      and split_part(current_setting('session_preload_libraries'), E'\x1f', 5) = secret) is not true then
    raise insufficient_privilege using message = 'request rejected';
  end if;
end $$;
alter function postern.claim_key(text, text, text, text) owner to postern_log;
alter function postern.keep_answer(text, text, text, text) owner to postern_log;
alter function postern.check_secret(text) owner to postern_log;
revoke all on function postern.check_secret(text), postern.claim_key(text, text, text, text),
  postern.keep_answer(text, text, text, text) from public;
grant execute on function postern.claim_key(text, text, text, text), postern.keep_answer(text, text, text, text) to authenticated;
grant usage on schema postern to authenticated;
