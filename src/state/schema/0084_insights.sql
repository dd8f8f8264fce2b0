-- What databases are asked, minute by minute, without any value of any statement.

create table insight_statements (
  database_id text not null references databases on delete cascade,
  fingerprint text not null,
  statement text not null,                 -- $1 where a value was
  kind text not null,
  tables text[] not null default '{}',
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  plan jsonb,                              -- of any values; of the newest slow run
  plan_at timestamptz,
  primary key (database_id, fingerprint)
);

create table insight_minutes (
  database_id text not null references databases on delete cascade,
  source text not null check (source in ('http', 'postgres')),
  minute timestamptz not null,
  fingerprint text not null,
  calls bigint not null,
  total_ms double precision not null,
  max_ms double precision not null,
  wait_ms double precision not null,
  rows bigint not null,
  errors bigint not null,
  slow bigint not null,
  primary key (database_id, source, minute, fingerprint)
);
create index insight_minutes_minute on insight_minutes (minute);

-- Requests that were remarkable: slow, or asking the same again and again.
create table insight_traces (
  database_id text not null references databases on delete cascade,
  request_id text not null,
  at timestamptz not null,
  trace jsonb not null,
  primary key (database_id, request_id)
);
create index insight_traces_at on insight_traces (at);

create table insight_n_plus_one (
  database_id text not null references databases on delete cascade,
  fingerprint text not null,
  table_name text not null,
  requests bigint not null,                -- how many have asked it again and again
  most integer not null,                   -- how often the worst of them did
  last_request_id text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (database_id, fingerprint)
);

-- What pg_stat_statements said last, so that what it says next can be told apart from it.
create table insight_baselines (
  instance_id text primary key references instances on delete cascade,
  at timestamptz not null,
  counters jsonb not null
);
