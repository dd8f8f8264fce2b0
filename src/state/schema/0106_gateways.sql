-- Processes on other hosts that answer SQL over HTTP, and the tokens by which they are let in.

create table gateway_tokens (
  id text primary key,
  name text not null,
  token_hash bytea not null unique,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,                 -- to the minute
  revoked_at timestamptz
);
create unique index gateway_tokens_name on gateway_tokens (name) where revoked_at is null;

create table gateways (
  id text primary key,                      -- new with each start of one
  token_id text not null references gateway_tokens on delete cascade,
  name text not null,
  version text not null,
  address text not null,                    -- where it takes requests, as it says
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);
