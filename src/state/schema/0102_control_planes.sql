-- Control planes that share these tables. A daemon whose tables are its own has no row here.
create table control_planes (
  id text primary key,                      -- ctl-…, another one at each start
  name text not null,
  version text not null,
  address text not null,                    -- of its API
  backend_pid integer,                      -- of the session that holds its place
  workers text[] not null default '{}',     -- what the queue knows its workers as
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  leads boolean not null default false,
  gone_at timestamptz,
  is_lost boolean not null default false    -- given up by the others, without a word from it
);
create index control_planes_here on control_planes (id) where gone_at is null;

-- One row: what the key that seals passwords is recognised by.
create table state_key (
  is_only boolean primary key default true check (is_only),
  key_check text not null
);

-- Who is at it; null: a daemon whose tables are its own, or nobody yet.
alter table operations add column runner text;
