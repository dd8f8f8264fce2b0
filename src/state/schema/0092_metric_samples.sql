-- What databases were seen to do, minute by minute. Counters are what was added since the look before; null: nobody knows.

create table metric_samples (
  database_id text not null references databases on delete cascade,
  at timestamptz not null,
  sessions integer not null,
  active integer not null,
  waiting integer not null,                -- for a lock
  idle_in_transaction integer not null,
  pool_clients integer,
  pool_waiting integer,
  pool_wait_ms double precision,
  size_bytes bigint,
  commits double precision,
  rollbacks double precision,
  blocks_hit double precision,
  blocks_read double precision,
  temp_bytes double precision,
  wal_bytes double precision,              -- of its whole server
  primary key (database_id, at)
);
create index metric_samples_at on metric_samples (at);
