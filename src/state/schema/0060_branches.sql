-- A branch is a database that began as a copy of another one.

alter table databases
  -- Stays when the parent is destroyed, and goes when the parent is forgotten.
  add column parent_id text references databases on delete set null,
  -- Of which moment of its parent the data is; set again by a reset.
  add column branched_at timestamptz,
  -- When it destroys itself; null: never.
  add column expires_at timestamptz,
  -- Is a last backup made then?
  add column backup_on_expiry boolean not null default false;
create index databases_branches on databases (parent_id) where parent_id is not null;
create index databases_expiring on databases (expires_at) where expires_at is not null and destroyed_at is null;
