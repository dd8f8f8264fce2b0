-- A database that is not in use can sleep, by itself after a while or because it was told to; whoever wants it wakes it.

alter table databases
  add column paused_at timestamptz,             -- null: awake
  add column pause_after_seconds integer check (pause_after_seconds >= 0); -- null: as the operator has set it; 0: never

-- Where the gate listens for the instance's direct URL. Null: Postgres does that itself, at tcp_port; else tcp_port is
-- where the gate finds it.
alter table instances add column front_port integer unique;
