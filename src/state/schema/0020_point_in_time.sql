-- Which servers' logs are archived, how that goes, and from which database and moment a restored one came.

create table archives (
  instance_id text primary key references instances on delete cascade,
  wanted boolean,                           -- null: what the server's kind and its database's class say
  retention_days integer check (retention_days between 1 and 365),
  status text not null default 'off' check (status in ('off', 'starting', 'on')),
  problem jsonb,                            -- an error body: why it is not in order
  last_full_at timestamptz,
  last_backup_at timestamptz,
  failing_since timestamptz,                -- what was written since then is in no archive yet
  retry_at timestamptz,                     -- after a failure
  failures integer not null default 0,      -- in a row
  gaps jsonb not null default '[]'          -- times that cannot be gone back to: [{"from": …, "to": …}], to null while it lasts
);

alter table databases
  add column restored_from text,            -- id of a database
  add column restored_to timestamptz;       -- the moment
