-- When a database is backed up by itself, how long its backups are kept, and how far its schedule has come. A null is
-- what the database's class says.

create table backup_policies (
  database_id text primary key references databases on delete cascade,
  schedule text,                            -- cron in UTC, or 'off'
  retention text,                           -- for example 30d
  snapshot_on_delete boolean,
  snapshot_on_reset boolean,
  reached_at timestamptz,                   -- the run of the schedule that was last begun; null: none since creation
  failures integer not null default 0,      -- in a row
  retry_at timestamptz                      -- after a failure
);

-- Where a backup's file is, how it is encrypted, and what was in the database when it was made.
alter table backups
  add column store text,                    -- null: the folder of the configuration
  add column key_id text,                   -- null: not encrypted
  add column stored_size_bytes bigint,      -- of the file as it is stored; null: as the dump's
  add column stored_checksum text,
  add column contents jsonb,                -- tables and rows
  add column verification jsonb,            -- how its last trial restore went
  add column verified_at timestamptz;
