-- Servers that somebody else runs, and that databases are placed on.

alter table instances drop constraint instances_kind_check;
alter table instances add constraint instances_kind_check check (kind in ('shared', 'process', 'microvm', 'external'));
alter table databases drop constraint databases_isolation_check;
alter table databases add constraint databases_isolation_check
  check (isolation in ('shared', 'process', 'microvm', 'external'));

create table registered_instances (
  id text primary key references instances on delete cascade,
  name text not null unique,
  hosts jsonb not null,                     -- [{host, port}], in the order in which they are tried
  maintenance_database text not null,
  admin_user text not null,                 -- of its URL; Postern has a role of its own there
  secrets_sealed bytea not null,            -- the administrator's password, and the key of Postern's own roles
  tls_mode text not null check (tls_mode in ('disable', 'require', 'verify-ca', 'verify-full')),
  tls_ca text,
  classes text[] not null default '{}',     -- databases of these classes are placed here; none: only when asked for
  labels jsonb not null default '{}',
  capacity integer check (capacity > 0),    -- databases; null: no limit
  connection_limit integer not null,        -- sessions that all databases here may hold together
  is_superuser boolean not null,
  system_identifier text,
  extensions text[] not null default '{}',  -- that can be had there
  warnings text[] not null default '{}',    -- what does not work as on Postern's own servers
  draining boolean not null default false,
  health text not null default 'healthy' check (health in ('healthy', 'degraded', 'unreachable', 'read_only')),
  health_code text,
  health_reason text,
  health_since timestamptz not null default now(),
  checked_at timestamptz not null default now(),
  latency_ms real,
  created_at timestamptz not null default now()
);
