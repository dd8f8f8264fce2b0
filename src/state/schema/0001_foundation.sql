-- Postern's own tables. Applied by Postern's own migration engine, in the database "postern" of the system instance.

create table accounts (
  id text primary key,
  username text not null unique,
  password_hash text,                       -- scrypt; null: cannot log in with a password
  role text not null check (role in ('admin', 'member')),
  created_at timestamptz not null default now()
);

create table api_keys (
  id text primary key,
  account_id text not null references accounts on delete cascade,
  key_hash bytea not null unique,           -- SHA-256 of the key
  label text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);

create table instances (
  id text primary key,                      -- 'shared' or ins-…
  kind text not null check (kind in ('shared', 'process')),
  status text not null check (status in ('creating', 'running', 'removing')),
  tcp_port integer not null unique,
  version text not null,
  created_at timestamptz not null default now()
);

create table databases (
  id text primary key,
  name text not null,
  account_id text not null references accounts,
  class text not null check (class in ('db.p1', 'db.p2', 'db.p3')),
  isolation text not null check (isolation in ('shared', 'process')),
  instance_id text references instances,
  database_name text not null unique,       -- inside Postgres
  role_name text not null unique,           -- the owner, inside Postgres and for the pooler
  password_sealed bytea not null,           -- AES-256-GCM under the home's key
  scram_verifier text not null,             -- what Postgres and the pooler check against
  status text not null check (status in ('creating', 'ready', 'restoring', 'failed', 'destroying', 'destroyed')),
  size_bytes bigint,
  storage_limit_bytes bigint,
  connection_limit integer not null,
  created_at timestamptz not null default now(),
  destroyed_at timestamptz,
  recoverable_until timestamptz
);
create unique index databases_name_of_account on databases (account_id, name) where destroyed_at is null;
create index databases_by_creation on databases (created_at desc, id);

create table database_tokens (
  id text primary key,
  database_id text not null references databases on delete cascade,
  token_hash bytea not null unique,         -- SHA-256 of the token
  label text not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index database_tokens_of_database on database_tokens (database_id);

create table operations (
  id text primary key,
  kind text not null,
  database_id text references databases on delete set null,
  account_id text references accounts,
  status text not null default 'pending' check (status in ('pending', 'running', 'completed', 'failed', 'canceled')),
  input jsonb not null default '{}',
  steps jsonb not null default '[]',
  progress jsonb,
  result jsonb,
  error jsonb,
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
create index operations_unfinished on operations (created_at) where status in ('pending', 'running');
create index operations_of_database on operations (database_id, created_at desc);

create table backups (
  id text primary key,
  database_id text not null references databases,
  kind text not null check (kind in ('manual', 'scheduled', 'safety', 'final')),
  status text not null check (status in ('running', 'completed', 'failed')),
  storage_key text not null,
  size_bytes bigint,
  checksum text,                            -- SHA-256, hex
  version text not null,                    -- of the Postgres that wrote it
  error jsonb,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  expires_at timestamptz
);
create index backups_of_database on backups (database_id, created_at desc);

-- What PgBouncer asks at each login: name and verifier of a database's owner, nothing else.
create schema pool;
create function pool.find_login(login text, out username text, out verifier text)
  returns setof record
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
begin atomic
  select d.role_name, d.scram_verifier from public.databases d
   where d.role_name = login and d.status in ('creating', 'ready', 'restoring');
end;
revoke all on schema pool from public;
revoke all on function pool.find_login(text) from public;
