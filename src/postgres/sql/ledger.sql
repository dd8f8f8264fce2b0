-- The ledger of migrations: schema "postern" with what has been applied. Repeatable. In Postern's own databases it belongs
-- to the platform, so whoever owns the database can read it and add to it through the functions below, and can neither
-- drop, alter nor rewrite it. In any other Postgres it belongs to the role that migrates.

create schema if not exists postern;
revoke all on schema postern from public;

create table if not exists postern.schema_migrations (
  name text primary key,                          -- of the file
  checksum text not null,                         -- SHA-256 of the file, hex
  applied_at timestamptz not null default now(),
  duration_ms integer not null,
  no_transaction boolean not null default false   -- statements ran outside a transaction
);

-- Files that run outside a transaction and have not come to their end.
create table if not exists postern.unfinished_migrations (
  name text primary key,
  checksum text not null,                         -- SHA-256 of the statements that have been begun, hex
  statements_done integer not null,
  statement_running boolean not null,             -- one more has been begun, and how it ended is not known
  known_indexes oid[] not null,                   -- of its table, before it was begun (CREATE INDEX CONCURRENTLY)
  updated_at timestamptz not null default now()
);
revoke all on all tables in schema postern from public;

create or replace function postern.record_migration(
  name text, checksum text, duration_ms integer, no_transaction boolean, applied_at timestamptz default now()
) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
as $$
  delete from postern.unfinished_migrations where name = $1;
  insert into postern.schema_migrations (name, checksum, duration_ms, no_transaction, applied_at)
    values ($1, $2, $3, $4, $5);
$$;

create or replace function postern.record_progress(
  name text, checksum text, statements_done integer, statement_running boolean, known_indexes oid[] default '{}'
) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into postern.unfinished_migrations (name, checksum, statements_done, statement_running, known_indexes)
    values ($1, $2, $3, $4, $5)
    on conflict on constraint unfinished_migrations_pkey do update
       set checksum = $2, statements_done = $3, statement_running = $4, known_indexes = $5, updated_at = now();
$$;

create or replace function postern.forget_progress(name text) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
as $$
  delete from postern.unfinished_migrations where unfinished_migrations.name = $1;
$$;


-- What a rollback has taken back, and what `db migrations repair` mends. They say whether there was such a row.
create or replace function postern.forget_migration(name text) returns boolean
  language sql security definer
  set search_path = pg_catalog, pg_temp
as $$
  with gone as (delete from postern.schema_migrations where schema_migrations.name = $1 returning 1)
  select exists (select from gone);
$$;

create or replace function postern.accept_checksum(name text, checksum text) returns boolean
  language sql security definer
  set search_path = pg_catalog, pg_temp
as $$
  with changed as (update postern.schema_migrations set checksum = $2 where schema_migrations.name = $1 returning 1)
  select exists (select from changed);
$$;

revoke all on all functions in schema postern from public;
